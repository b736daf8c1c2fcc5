// The codecs against bytes that Apache Kafka's own classes wrote (tests/golden/kafka), and against hostile ones.

#include <fstream>
#include <map>
#include <random>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kafka/header.h"
#include "kafka/messages_testing.h"

namespace sluice::kafka {
namespace {

struct Golden {
  Version version = 0;
  std::string variant;
  Bytes bytes;
};

Bytes from_hex(const std::string& text) {
  Bytes out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    out.push_back(static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16)));
  }
  return out;
}

const std::map<std::string, std::vector<Golden>>& golden() {
  static const auto kAll = [] {
    std::map<std::string, std::vector<Golden>> all;
    std::ifstream file{"tests/golden/kafka/messages.txt"};
    std::string name;
    std::string hex_text;
    Golden line;
    while (file >> name >> line.version >> line.variant >> hex_text) {
      line.bytes = hex_text == "-" ? Bytes{} : from_hex(hex_text);
      all[name].push_back(line);
    }
    return all;
  }();
  return kAll;
}

template <typename M>
std::string label(const Golden& line) {
  return std::string(M::kName) + " v" + std::to_string(line.version) + " " + line.variant;
}

TEST(Messages, AreReadAndWrittenAsKafkaDoesInEveryVersion) {
  std::size_t checked = 0;
  for_each_message([&]<typename M>() {
    const auto lines = golden().find(M::kName);
    ASSERT_NE(lines, golden().end()) << M::kName;
    EXPECT_EQ(lines->second.front().version, M::kVersions.min) << M::kName;
    EXPECT_EQ(lines->second.back().version, M::kVersions.max) << M::kName;
    for (const auto& line : lines->second) {
      ByteReader in{line.bytes};
      const auto message = decode<M>(in, line.version);
      ASSERT_TRUE(message.ok()) << label<M>(line) << ": " << message.error();
      EXPECT_TRUE(in.at_end()) << label<M>(line) << ": " << in.remaining() << " bytes left";
      Bytes out;
      ASSERT_TRUE(encode(*message, line.version, out).ok()) << label<M>(line);
      EXPECT_EQ(hex(out), hex(line.bytes)) << label<M>(line) << " " << to_json(*message, line.version);
      ++checked;
    }
  });
  EXPECT_GT(checked, 1000u);
}

// Where null is allowed our default is null, Kafka's sometimes empty.
std::string with_null_for_empty(std::string text) {
  for (const std::string_view empty : {":\"\"", ":[]"}) {
    for (std::size_t at = 0; (at = text.find(empty, at)) != std::string::npos;) text.replace(at, empty.size(), ":null");
  }
  return text;
}

TEST(Messages, ANewObjectHasKafkasDefaults) {
  for_each_message([&]<typename M>() {
    for (const auto& line : golden().at(M::kName)) {
      if (line.variant != "empty") continue;
      Bytes out;
      ASSERT_TRUE(encode(M{}, line.version, out).ok()) << label<M>(line);
      ByteReader in{line.bytes};
      EXPECT_EQ(with_null_for_empty(to_json(*decode<M>(in, line.version), line.version)),
                with_null_for_empty(to_json(M{}, line.version)))
          << label<M>(line);
    }
  });
}

TEST(Messages, CutShortAtAnyByteAreRefused) {
  for_each_message([&]<typename M>() {
    for (const auto& line : golden().at(M::kName)) {
      for (std::size_t size = 0; size < line.bytes.size(); ++size) {
        const Bytes cut = line.bytes.substr(0, size);  // a copy, so that a sanitizer sees a read past the end
        ByteReader in{cut};
        const auto message = decode<M>(in, line.version);
        ASSERT_FALSE(message.ok()) << label<M>(line) << " cut to " << size;
        ASSERT_EQ(message.error().code, ErrorCode::corrupt);
      }
    }
  });
}

TEST(Messages, AnyDamageIsRefusedOrReadButNeverHarms) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  for_each_message([&]<typename M>() {
    for (const auto& line : golden().at(M::kName)) {
      if (line.bytes.empty()) continue;
      for (int i = 0; i < 20; ++i) {
        Bytes damaged = line.bytes;
        damaged[random() % damaged.size()] = static_cast<char>(random());
        ByteReader in{damaged};
        const auto message = decode<M>(in, line.version);
        if (!message.ok()) continue;
        Bytes out;
        ASSERT_TRUE(encode(*message, line.version, out).ok());
      }
    }
  });
}

TEST(Messages, AVersionOutsideTheRangeIsUnsupported) {
  for_each_message([&]<typename M>() {
    ByteReader in{ByteView{}};
    EXPECT_EQ(decode<M>(in, static_cast<Version>(M::kVersions.max + 1)).error().code, ErrorCode::unsupported);
    Bytes out;
    EXPECT_EQ(encode(M{}, static_cast<Version>(M::kVersions.max + 1), out).error().code, ErrorCode::unsupported);
  });
}

TEST(Decode, RefusesAnArrayThatClaimsMoreElementsThanBytes) {
  const Bytes bytes = from_hex("7fffffff0001");
  ByteReader in{bytes};
  const auto message = decode<MetadataRequest>(in, 1);
  ASSERT_FALSE(message.ok());
  EXPECT_THAT(message.error().message, ::testing::HasSubstr("field topics"));
}

TEST(Decode, RefusesAMessageWhoseArraysClaimTooMuchMemory) {
  Bytes bytes;
  ByteWriter{bytes}.i32(4'000'000);
  bytes.append(8'000'000, '\0');  // as many empty names
  ByteReader in{bytes};
  const auto message = decode<MetadataRequest>(in, 1);
  ASSERT_FALSE(message.ok());
  EXPECT_THAT(message.error().message, ::testing::HasSubstr("memory"));
}

TEST(Decode, RefusesNullWhereTheVersionDoesNotAllowIt) {
  const Bytes bytes = from_hex("ffffffff");
  ByteReader old{bytes};
  EXPECT_FALSE(decode<MetadataRequest>(old, 0).ok());
  ByteReader newer{bytes};
  EXPECT_FALSE((*decode<MetadataRequest>(newer, 1)).topics.has_value());
}

TEST(Decode, SkipsTaggedFieldsThatItDoesNotKnow) {
  // Heartbeat v4: "g", 1, "m", null, then tags 0 (two bytes) and 77 (none).
  const Bytes bytes = from_hex(
      "0267000000010"
      "26d00"
      "02"
      "0002aabb"
      "4d00");
  ByteReader in{bytes};
  const auto message = decode<HeartbeatRequest>(in, 4);
  ASSERT_TRUE(message.ok()) << message.error();
  EXPECT_TRUE(in.at_end());
  EXPECT_EQ(message->member_id, "m");
}

TEST(Decode, LeavesRecordsWhereTheyLie) {
  ProduceRequest request;
  request.topic_data = {{.name = "t", .partition_data = {{.index = 1, .records = Records{"batch"}}}}};
  Bytes bytes;
  ASSERT_TRUE(encode(request, 9, bytes).ok());
  ByteReader in{bytes};
  const auto read = decode<ProduceRequest>(in, 9);
  ASSERT_TRUE(read.ok());
  const auto records = read->topic_data[0].partition_data[0].records->bytes;
  EXPECT_EQ(records, "batch");
  EXPECT_GE(records.data(), bytes.data());
  EXPECT_LT(records.data(), bytes.data() + bytes.size());
}

TEST(Encode, CutsWhereRecordsComeFromElsewhere) {
  const auto response = [](Records records) {
    FetchResponse out;
    out.responses = {
        {.topic = "t", .partitions = {{.partition_index = 0, .records = records}, {.partition_index = 1}}}};
    return out;
  };
  for (Version version = 4; version <= 12; ++version) {
    Bytes whole;
    ASSERT_TRUE(encode(response(Records{"0123456789"}), version, whole).ok());
    Bytes cut;
    std::vector<Cut> cuts;
    ASSERT_TRUE(encode(response(Records{{}, 10}), version, cut, &cuts).ok());
    ASSERT_EQ(cuts.size(), 1u);
    EXPECT_EQ(cuts[0].bytes, 10u);
    EXPECT_EQ(hex(cut.insert(cuts[0].at, "0123456789")), hex(whole)) << version;
  }
}

TEST(Encode, RefusesAStringThatTheVersionCannotHoldAndLeavesTheBytesAsTheyWere) {
  HeartbeatRequest request;
  request.group_id = std::string(40'000, 'g');
  Bytes out = "before";
  const auto result = encode(request, 3, out);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::rejected);
  EXPECT_EQ(out, "before");
  EXPECT_TRUE(encode(request, 4, out).ok());
}

TEST(Headers, OfRequestsAreReadBack) {
  const RequestHeader header{ApiKey::fetch, 12, 77, "me"};
  for (const bool flexible : {false, true}) {
    Bytes bytes;
    encode_request_header(header, flexible, bytes);
    ByteReader in{bytes};
    const auto read = decode_request_header(in);
    ASSERT_TRUE(read.ok());
    if (flexible) skip_tagged_fields(in);
    EXPECT_EQ(*read, header);
    EXPECT_TRUE(in.ok() && in.at_end());
  }
}

TEST(Headers, OfApiVersionsAreNeverFlexible) {
  Bytes bytes;
  encode_response_header(7, ApiKey::api_versions, true, bytes);
  EXPECT_EQ(bytes.size(), 4u);
}

}  // namespace
}  // namespace sluice::kafka
