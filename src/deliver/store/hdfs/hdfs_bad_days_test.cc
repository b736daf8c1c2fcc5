// What breaks on the other side, on a real HDFS that these tests break themselves: SLUICE_TEST_HDFS_CONTROL is where
// tests/system/hdfs.py takes commands for the one at SLUICE_TEST_HDFS, SLUICE_TEST_HDFS_PAIR_CONTROL for the pair of
// NameNodes in SLUICE_TEST_HDFS_PAIR. Each time: the error says what to do, and the same call succeeds when it is done.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "deliver/store/hdfs/hdfs_store.h"
#include "io/listen.h"

namespace sluice::deliver::store::hdfs {
namespace {

using pipeline::Published;

// One line to the test's server, which answers when it is done.
void command(const char* variable, const std::string& line) {
  const auto address = io::parse_address(std::getenv(variable));
  ASSERT_TRUE(address.ok());
  const auto socket = io::connect_to(*address, 5'000);
  ASSERT_TRUE(socket.ok()) << socket.error();
  const auto text = line + "\n";
  ASSERT_EQ(::send(*socket, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  std::string answer(4096, '\0');
  const auto got = ::recv(*socket, answer.data(), answer.size(), 0);
  ::close(*socket);
  ASSERT_GT(got, 0) << line;
  EXPECT_EQ(answer.substr(0, static_cast<std::size_t>(got)), "ok\n") << line;
}

class BadDays : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* address = std::getenv("SLUICE_TEST_HDFS");
    if (address == nullptr || std::getenv("SLUICE_TEST_HDFS_CONTROL") == nullptr) GTEST_SKIP() << "its server is not there";
    static int count = 0;
    folder_ = "/bad-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
    store_ = *HdfsStore::open(std::string("hdfs://") + address + folder_ + "?user=etl");
    ASSERT_TRUE(put("before", "bytes").ok());
  }

  static void tell(const std::string& line) { command("SLUICE_TEST_HDFS_CONTROL", line); }
  static std::string temporary() {
    static int count = 0;
    return "_tmp/" + std::to_string(++count);
  }
  Result<Published> put(const std::string& name, ByteView bytes) { return store_->put(temporary(), name, bytes); }

  // As a sink does: again and again, while it is told to wait.
  template <typename Call>
  static auto patiently(Call call) {
    for (int i = 0; i < 300; ++i) {
      auto result = call();
      if (result.ok()) return result;
      const auto code = result.error().code;
      if (code != ErrorCode::back_off && code != ErrorCode::out_of_space) return result;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return call();
  }

  static void expect_told(const Error& error, ErrorCode code, const std::string& words) {
    EXPECT_EQ(error.code, code) << error;
    EXPECT_NE(error.text().find(words), std::string::npos) << error;
    EXPECT_NE(error.message.find("127.0.0.1:"), std::string::npos) << error;
    EXPECT_FALSE(error.hint.empty()) << error;
  }

  void expect_refused(ErrorCode code, const std::string& words) {
    const auto refused = put("refused", "x");
    ASSERT_FALSE(refused.ok());
    expect_told(refused.error(), code, words);
  }

  void expect_it_goes_on() {
    const auto done = patiently([&] { return put("after", "x"); });
    ASSERT_TRUE(done.ok()) << done.error();
    EXPECT_EQ(*patiently([&] { return store_->read("before", 0, 10); }), "bytes");
  }

  std::string folder_;
  std::unique_ptr<HdfsStore> store_;
};

TEST_F(BadDays, SafeMode) {
  tell("safemode on");
  expect_refused(ErrorCode::back_off, "safe mode");
  EXPECT_EQ(*store_->read("before", 0, 10), "bytes");
  tell("safemode off");
  expect_it_goes_on();
}

TEST_F(BadDays, TheNameNodeIsGoneAndComesBack) {
  auto writer = *store_->create(temporary(), "t/a");
  ASSERT_TRUE(writer->append("bytes").ok());
  const auto id = writer->finish();
  ASSERT_TRUE(id.ok()) << id.error();
  tell("kill namenode");
  expect_refused(ErrorCode::back_off, "NameNode 127.0.0.1:");
  const auto refused = store_->publish(*id, "t/a");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::back_off);
  tell("start namenode");
  const auto published = patiently([&] { return store_->publish(*id, "t/a"); });
  ASSERT_TRUE(published.ok()) << published.error();
  EXPECT_EQ(*published, Published::now);
  expect_it_goes_on();
}

TEST_F(BadDays, TheNameNodeRestartsWhileABodyStreams) {
  const std::string megabyte(1 << 20, 'x');
  auto written = [&](bool restart) -> Result<std::string> {
    SLUICE_TRY(const auto writer, store_->create(temporary(), "t/a"));
    for (int i = 0; i < 10; ++i) {
      if (restart && i == 5) tell("restart namenode");
      SLUICE_RETURN_IF_ERROR(writer->append(megabyte));
    }
    return writer->finish();
  };
  auto id = written(true);  // the DataNode may find the NameNode again, or not
  if (!id.ok()) {
    EXPECT_EQ(id.error().code, ErrorCode::back_off) << id.error();
    id = patiently([&] { return written(false); });
  }
  ASSERT_TRUE(id.ok()) << id.error();
  EXPECT_EQ(*store_->temporary_size(*id), 10U << 20);
  expect_it_goes_on();
}

TEST_F(BadDays, TheDataNodeDiesWhileABodyStreams) {
  const std::string megabyte(1 << 20, 'x');
  auto written = [&](bool die) -> Result<std::string> {
    SLUICE_TRY(const auto writer, store_->create(temporary(), "t/a"));
    for (int i = 0; i < 100; ++i) {
      if (die && i == 5) tell("kill datanode");
      SLUICE_RETURN_IF_ERROR(writer->append(megabyte));
    }
    return writer->finish();
  };
  const auto cut = written(true);
  ASSERT_FALSE(cut.ok());
  EXPECT_EQ(cut.error().code, ErrorCode::back_off) << cut.error();
  EXPECT_NE(cut.error().message.find("DataNode 127.0.0.1:"), std::string::npos) << cut.error();
  expect_refused(ErrorCode::back_off, "DataNode");
  tell("start datanode");
  const auto id = patiently([&] { return written(false); });
  ASSERT_TRUE(id.ok()) << id.error();
  EXPECT_EQ(*store_->temporary_size(*id), 100U << 20);
  expect_it_goes_on();
}

TEST_F(BadDays, NoDataNodeToReadFrom) {
  tell("kill datanode");
  const auto read = store_->read("before", 0, 10);
  ASSERT_FALSE(read.ok());
  expect_told(read.error(), ErrorCode::back_off, folder_ + "/before");
  tell("start datanode");
  expect_it_goes_on();
}

TEST_F(BadDays, RightsThatAreMended) {
  tell("chmod 555 " + folder_ + "/_tmp");
  expect_refused(ErrorCode::back_off, "user=etl");
  tell("chmod 755 " + folder_ + "/_tmp");
  tell("chmod 0 " + folder_);
  const auto read = store_->read("before", 0, 10);
  ASSERT_FALSE(read.ok());
  expect_told(read.error(), ErrorCode::back_off, "chmod");
  tell("chmod 755 " + folder_);
  expect_it_goes_on();
}

TEST_F(BadDays, AQuota) {
  tell("quota 1024 " + folder_);
  expect_refused(ErrorCode::out_of_space, "quota");
  tell("quota 0 " + folder_);
  expect_it_goes_on();
}

TEST(BadDaysOfAPair, TheOtherNameNodeIsAskedAndKept) {
  const auto* pair = std::getenv("SLUICE_TEST_HDFS_PAIR");
  if (pair == nullptr) GTEST_SKIP() << "its server is not there";
  const auto tell = [](const std::string& line) { command("SLUICE_TEST_HDFS_PAIR_CONTROL", line); };
  const std::string both = pair;
  const auto comma = both.find(',');
  const auto url = "hdfs://" + both.substr(0, comma) + "/pair-" + std::to_string(::getpid()) + "?user=etl";
  const auto store = *HdfsStore::open(url + "&namenodes=" + both.substr(comma + 1));
  const auto one_only = *HdfsStore::open(url);
  int count = 0;
  const auto put = [&](HdfsStore& to) {
    ++count;
    return to.put("_tmp/" + std::to_string(count), std::to_string(count), "x");
  };
  ASSERT_TRUE(put(*store).ok());
  tell("active 1");
  const auto standby = put(*one_only);
  ASSERT_FALSE(standby.ok());
  EXPECT_EQ(standby.error().code, ErrorCode::back_off);
  EXPECT_NE(standby.error().hint.find("namenodes"), std::string::npos) << standby.error();
  auto done = put(*store);
  ASSERT_TRUE(done.ok()) << done.error();
  tell("kill namenode 0");
  done = put(*store);
  ASSERT_TRUE(done.ok()) << done.error();
  tell("start namenode 0");
  tell("active 0");
  tell("kill namenode 1");
  done = put(*store);
  ASSERT_TRUE(done.ok()) << done.error();
  tell("kill namenode 0");
  const auto nobody = put(*store);
  ASSERT_FALSE(nobody.ok());
  EXPECT_EQ(nobody.error().code, ErrorCode::back_off);
  EXPECT_NE(nobody.error().detail.find(both.substr(comma + 1)), std::string::npos) << nobody.error();
  tell("start namenode 0");
  tell("start namenode 1");
  EXPECT_EQ(store->list("")->size(), 5U);  // four that were put, and the temporaries' folder
}

// Only HttpFS takes tokens without Kerberos.
class Tokens {
 public:
  explicit Tokens(std::string gateway) : base_("http://" + std::move(gateway) + "/webhdfs/v1/?user.name=etl&op=") {}
  std::string fresh() {
    const auto answer = client_->send({"GET", base_ + "GETDELEGATIONTOKEN&renewer=etl"});
    const std::string mark = "\"urlString\":\"";
    const auto begin = answer.ok() ? answer->body.find(mark) : std::string::npos;
    EXPECT_NE(begin, std::string::npos);
    if (begin == std::string::npos) return "";
    return answer->body.substr(begin + mark.size(), answer->body.find('"', begin + mark.size()) - begin - mark.size());
  }
  void cancel(const std::string& token) {
    const auto answer = client_->send({"PUT", base_ + "CANCELDELEGATIONTOKEN&token=" + token});
    EXPECT_TRUE(answer.ok() && answer->status == 200);
  }

 private:
  std::unique_ptr<io::WebClient> client_ = *io::WebClient::create({});
  const std::string base_;
};

TEST(BadDaysOfAToken, AFreshOneInTheFileIsEnough) {
  const auto* gateway = std::getenv("SLUICE_TEST_HTTPFS");
  if (gateway == nullptr) GTEST_SKIP() << "its server is not there";
  const auto file = ::testing::TempDir() + "/sluice-token-" + std::to_string(::getpid());
  const auto keep = [&](const std::string& token) { std::ofstream(file) << token << "\n"; };
  const auto folder = "/token-" + std::to_string(::getpid());
  const auto store = *HdfsStore::open("hdfs://" + std::string(gateway) + folder + "?gateway=httpfs&token_file=" + file);
  const auto expect_hint = [&](const Result<Published>& refused) {
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::back_off) << refused.error();
    EXPECT_NE(refused.error().hint.find("token"), std::string::npos) << refused.error();
  };
  expect_hint(store->put("_tmp/1", "a", "x"));  // no file
  Tokens tokens(gateway);
  const auto first = tokens.fresh();
  keep(first);
  auto put = store->put("_tmp/2", "a", "x");
  ASSERT_TRUE(put.ok()) << put.error();
  tokens.cancel(first);
  const auto refused = store->put("_tmp/3", "b", "x");
  expect_hint(refused);
  EXPECT_EQ(refused.error().text().find(first), std::string::npos) << "the token is told";
  keep(tokens.fresh());
  put = store->put("_tmp/4", "b", "x");
  ASSERT_TRUE(put.ok()) << put.error();
  EXPECT_EQ(*store->read("b", 0, 10), "x");
  ::unlink(file.c_str());
}

}  // namespace
}  // namespace sluice::deliver::store::hdfs
