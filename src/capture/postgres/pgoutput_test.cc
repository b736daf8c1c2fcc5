// Against what a PostgreSQL 15 server sent: tests/golden/pgoutput/capture.py tells how, and which statements.

#include "capture/postgres/pgoutput.h"

#include <gtest/gtest.h>

#include <fstream>

namespace sluice::capture::postgres {
namespace {

std::vector<Bytes> golden() {
  std::ifstream in("tests/golden/pgoutput/messages.txt");
  EXPECT_TRUE(in.good()) << "run from the project's folder";
  std::vector<Bytes> messages;
  std::string line;
  while (std::getline(in, line)) {
    Bytes bytes;
    for (std::size_t i = 0; i + 1 < line.size(); i += 2) bytes += static_cast<char>(std::stoi(line.substr(i, 2), nullptr, 16));
    messages.push_back(std::move(bytes));
  }
  return messages;
}

// The messages of one kind, in order.
template <typename M>
std::vector<M> all_of(const std::vector<Bytes>& messages) {
  std::vector<M> found;
  for (const auto& bytes : messages) {
    auto message = parse_message(bytes);
    EXPECT_TRUE(message.ok()) << message.error();
    if (message.ok() && std::holds_alternative<M>(*message)) found.push_back(std::get<M>(*message));
  }
  return found;
}

TEST(Pgoutput, EveryMessageOfTheServerIsUnderstood) {
  const auto messages = golden();
  EXPECT_EQ(messages.size(), 41U);
  EXPECT_EQ(all_of<Begin>(messages).size(), 11U);
  EXPECT_EQ(all_of<Commit>(messages).size(), 11U);
  EXPECT_EQ(all_of<Ignored>(messages).size(), 1U) << "the Type message";
}

TEST(Pgoutput, TransactionsHaveTheirLsnTimeAndXid) {
  const auto messages = golden();
  const auto begins = all_of<Begin>(messages);
  const auto commits = all_of<Commit>(messages);
  ASSERT_EQ(begins.size(), commits.size());
  for (std::size_t i = 0; i < begins.size(); ++i) {
    EXPECT_EQ(begins[i].commit_lsn, commits[i].commit_lsn);
    EXPECT_LT(commits[i].commit_lsn, commits[i].end_lsn);
    EXPECT_EQ(begins[i].commit_time_us, commits[i].commit_time_us);
    EXPECT_GT(begins[i].commit_time_us, std::int64_t{1'700'000'000'000'000});  // since 1970
    if (i > 0) {
      EXPECT_GT(begins[i].xid, begins[i - 1].xid);
    }
  }
}

TEST(Pgoutput, RelationsTellColumnsAndIdentity) {
  const auto messages = golden();
  const auto relations = all_of<Relation>(messages);
  ASSERT_GE(relations.size(), 4U);
  const auto& keyed = relations[0];
  EXPECT_EQ(keyed.schema, "public");
  EXPECT_EQ(keyed.name, "keyed");
  EXPECT_EQ(keyed.replica_identity, 'd');
  ASSERT_EQ(keyed.columns.size(), 4U);
  EXPECT_TRUE(keyed.columns[0].in_key);
  EXPECT_FALSE(keyed.columns[1].in_key);
  EXPECT_EQ(keyed.columns[1].name, "Name");
  EXPECT_EQ(keyed.columns[1].type_oid, 1043U);
  EXPECT_EQ(keyed.columns[1].typmod, 14);
  EXPECT_EQ(relations[1].replica_identity, 'f');
  EXPECT_EQ(relations.back().columns.size(), 3U) << "after DROP COLUMN";
}

TEST(Pgoutput, RowsHaveTextNullAndUnchangedToast) {
  const auto messages = golden();
  const auto inserts = all_of<Insert>(messages);
  ASSERT_EQ(inserts.size(), 5U);
  EXPECT_EQ(inserts[0].row[1].text, "äb");
  EXPECT_EQ(inserts[0].row[2].text, "1.50");
  EXPECT_EQ(inserts[0].row[3].is, Cell::Is::null);
  EXPECT_EQ(inserts[1].row[1].is, Cell::Is::text);
  EXPECT_EQ(inserts[1].row[1].text, "");
  EXPECT_EQ(inserts[1].row[3].text.size(), 2500U);
  const auto updates = all_of<Update>(messages);
  ASSERT_EQ(updates.size(), 4U);
  EXPECT_TRUE(updates[0].old.empty());
  EXPECT_EQ(updates[1].row[3].is, Cell::Is::unchanged);
}

TEST(Pgoutput, OldSidesAreKeysOrWholeRows) {
  const auto messages = golden();
  const auto updates = all_of<Update>(messages);
  EXPECT_TRUE(updates[2].old_is_key);
  EXPECT_EQ(updates[2].old[0].text, "1");
  EXPECT_EQ(updates[2].old[1].is, Cell::Is::null);
  EXPECT_EQ(updates[2].row[0].text, "3");
  EXPECT_FALSE(updates[3].old_is_key);
  EXPECT_EQ(updates[3].old.size(), 2U);
  const auto deletes = all_of<Delete>(messages);
  ASSERT_EQ(deletes.size(), 2U);
  EXPECT_EQ(deletes[0].old[0].text, "3");
  EXPECT_EQ(deletes[1].old[1].text, "new");
}

TEST(Pgoutput, TruncateNamesAllItsTables) {
  const auto messages = golden();
  const auto relations = all_of<Relation>(messages);
  const auto truncates = all_of<Truncate>(messages);
  ASSERT_EQ(truncates.size(), 1U);
  EXPECT_EQ(truncates[0].oids, (std::vector<Oid>{relations[0].oid, relations[1].oid}));
}

TEST(Pgoutput, WhatIsCutOrLongerIsRefused) {
  for (const auto& bytes : golden()) {
    const auto kind = parse_message(bytes);
    if (std::holds_alternative<Ignored>(*kind)) continue;
    for (std::size_t size = 1; size < bytes.size(); size += bytes.size() > 300 ? 37 : 1) {
      const auto cut = parse_message(ByteView(bytes).substr(0, size));
      ASSERT_FALSE(cut.ok()) << "'" << bytes[0] << "' cut at " << size;
      EXPECT_EQ(cut.error().code, ErrorCode::corrupt);
    }
    EXPECT_FALSE(parse_message(bytes + "x").ok());
  }
  EXPECT_EQ(parse_message("S").error().code, ErrorCode::unsupported) << "a stream start, of protocol 2";
  EXPECT_EQ(parse_message("B" + Bytes(8, '\0') + "\x7f" + Bytes(11, '\xff')).error().code, ErrorCode::corrupt) << "a time beyond all (found by the fuzzer)";
  EXPECT_EQ(parse_message("").error().code, ErrorCode::unsupported);
}

}  // namespace
}  // namespace sluice::capture::postgres
