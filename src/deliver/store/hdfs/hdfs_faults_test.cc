// A connection that is cut at every step, against a real HDFS: each request is lost once before the server has it,
// once after, and once arrives twice, and the caller, who tries again as a sink does, must end where he would have ended without.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "deliver/store/hdfs/hdfs_store.h"

namespace sluice::deliver::store::hdfs {
namespace {

using pipeline::Published;

enum class Lost {
  request,
  answer,
  first_answer,  // the client asks again on a new connection, so that the server does it twice
};

// Which step of the calls that follow is lost, and how many there were.
struct Fault {
  int at = -1;
  Lost lost = Lost::request;
  int steps = 0;
  int injected = 0;

  bool strikes() {
    const bool now = steps++ == at;
    injected += now ? 1 : 0;
    return now;
  }
};

Error cut() { return {ErrorCode::back_off, "the test cut the connection"}; }

class FaultyUpload final : public io::WebUpload {
 public:
  FaultyUpload(std::unique_ptr<io::WebUpload> real, Fault& fault) : real_(std::move(real)), fault_(fault) {}
  Result<void> write(ByteView bytes) override {
    if (!fault_.strikes()) return real_->write(bytes);
    if (fault_.lost != Lost::request) static_cast<void>(real_->write(bytes).ok());
    real_.reset();
    return cut();
  }
  Result<io::WebAnswer> finish() override {
    if (real_ == nullptr) return cut();
    if (!fault_.strikes()) return real_->finish();
    if (fault_.lost != Lost::request) static_cast<void>(real_->finish().ok());
    real_.reset();
    return cut();
  }

 private:
  std::unique_ptr<io::WebUpload> real_;
  Fault& fault_;
};

class FaultyClient final : public io::WebClient {
 public:
  explicit FaultyClient(Fault& fault) : real_(*io::WebClient::create({})), fault_(fault) {}
  Result<io::WebAnswer> send(const io::WebRequest& request) override {
    if (!fault_.strikes()) return real_->send(request);
    if (fault_.lost == Lost::request) return cut();
    static_cast<void>(real_->send(request).ok());
    return fault_.lost == Lost::answer ? Result<io::WebAnswer>(cut()) : real_->send(request);
  }
  Result<std::unique_ptr<io::WebUpload>> upload(const io::WebRequest& request, std::optional<std::uint64_t> length) override {
    SLUICE_TRY(auto real, real_->upload(request, length));
    return std::unique_ptr<io::WebUpload>(std::make_unique<FaultyUpload>(std::move(real), fault_));
  }

 private:
  std::unique_ptr<io::WebClient> real_;
  Fault& fault_;
};

class Faults : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const auto* address = std::getenv(GetParam());
    if (address == nullptr) GTEST_SKIP() << "its server is not there";
    const std::string gateway = std::string(GetParam()).ends_with("HTTPFS") ? "&gateway=httpfs" : "";
    url_ = std::string("hdfs://") + address + "/faults-" + std::to_string(::getpid()) + "-" + std::to_string(++folders_) +
           "?user=etl" + gateway;
  }

  std::unique_ptr<HdfsStore> store() const { return *HdfsStore::open(url_, std::make_unique<FaultyClient>(fault_)); }
  static std::string temporary() { return "_tmp/" + std::to_string(++temporaries_); }

  // Until it is done, as a sink would; every error but back_off is a failure.
  template <typename Call>
  static auto until_done(Call call) {
    for (int i = 0; i < 4; ++i) {
      auto result = call();
      if (result.ok() || result.error().code != ErrorCode::back_off) return result;
    }
    return call();
  }

  // Runs `scene(store, n)` with a fault at every step there is; n is new each time.
  template <typename Scene>
  void at_every_step(Scene scene) {
    for (const auto lost : {Lost::request, Lost::answer, Lost::first_answer}) {
      for (int at = 0;; ++at) {
        fault_ = {at, lost};
        scene(*store(), ++scenes_);
        if (fault_.injected == 0) break;
        ++injected_;
        if (HasFailure()) FAIL() << "at step " << at << ", lost: " << static_cast<int>(lost);
      }
    }
    EXPECT_GE(injected_, 10);
    RecordProperty("injected", injected_);
  }

  static Result<std::string> write(pipeline::Store& store, ByteView bytes) {
    return until_done([&]() -> Result<std::string> {
      SLUICE_TRY(const auto writer, store.create(temporary(), "t/x"));
      SLUICE_RETURN_IF_ERROR(writer->append(bytes));
      SLUICE_RETURN_IF_ERROR(writer->append(bytes));
      return writer->finish();
    });
  }

  void expect_content(const std::string& name, const std::string& bytes) const {
    const auto read = (*HdfsStore::open(url_))->read(name, 0, 1000);
    ASSERT_TRUE(read.ok()) << read.error();
    EXPECT_EQ(*read, bytes);
  }

  static inline int folders_ = 0;
  static inline int temporaries_ = 0;
  std::string url_;
  mutable Fault fault_;
  int scenes_ = 0;
  int injected_ = 0;
};

TEST_P(Faults, APublishEndsOnce) {
  at_every_step([&](HdfsStore& store, int n) {
    const auto id = write(store, "bytes");
    ASSERT_TRUE(id.ok()) << id.error();
    const auto name = "t/" + std::to_string(n);
    const auto published = until_done([&] { return store.publish(*id, name); });
    ASSERT_TRUE(published.ok()) << published.error();
    EXPECT_NE(*published, Published::name_is_taken);
    expect_content(name, "bytesbytes");
    EXPECT_EQ(*until_done([&] { return store.publish(*id, name); }), Published::before);
  });
}

TEST_P(Faults, ATakenNameStaysAsItIs) {
  ASSERT_TRUE((*HdfsStore::open(url_))->put(temporary(), "t/taken", "first").ok());
  at_every_step([&](HdfsStore& store, int /*n*/) {
    const auto id = write(store, "second");
    ASSERT_TRUE(id.ok()) << id.error();
    const auto published = until_done([&] { return store.publish(*id, "t/taken"); });
    ASSERT_TRUE(published.ok()) << published.error();
    EXPECT_EQ(*published, Published::name_is_taken);
    expect_content("t/taken", "first");
    EXPECT_TRUE(until_done([&] { return store.discard(*id); }).ok());
  });
}

TEST_P(Faults, APutIsThereOnceWithItsBytes) {
  at_every_step([&](HdfsStore& store, int n) {
    const auto name = "p/" + std::to_string(n);
    const auto put = until_done([&] { return store.put(temporary(), name, "small"); });
    ASSERT_TRUE(put.ok()) << put.error();  // name_is_taken: an earlier try, whose answer was lost, did it
    expect_content(name, "small");
    const auto again = until_done([&] { return store.put(temporary(), name, "other"); });
    ASSERT_TRUE(again.ok()) << again.error();
    EXPECT_EQ(*again, Published::name_is_taken);
    expect_content(name, "small");
  });
}

TEST_P(Faults, AReplaceEndsWithTheNewBytes) {
  ASSERT_TRUE((*HdfsStore::open(url_))->put(temporary(), "t/latest", "0").ok());
  at_every_step([&](HdfsStore& store, int n) {
    const auto replaced = until_done([&] { return store.replace(temporary(), "t/latest", std::to_string(n)); });
    ASSERT_TRUE(replaced.ok()) << replaced.error();
    expect_content("t/latest", std::to_string(n));
  });
}

TEST_P(Faults, ReadingAndRemovingAreOnlyTriedAgain) {
  at_every_step([&](HdfsStore& store, int n) {
    const auto name = "r/" + std::to_string(n);
    ASSERT_TRUE((*HdfsStore::open(url_))->put(temporary(), name, "bytes").ok());
    EXPECT_EQ(*until_done([&] { return store.read(name, 1, 3); }), "yte");
    EXPECT_EQ(*until_done([&] { return store.read(name, 9, 3); }), "");
    EXPECT_EQ(*until_done([&] { return store.size(name); }), 5U);
    EXPECT_EQ(until_done([&] { return store.list("r"); })->size(), 1U);
    EXPECT_TRUE(until_done([&] { return store.remove(name); }).ok());
    EXPECT_EQ(until_done([&] { return store.list("r"); })->size(), 0U);
  });
}

INSTANTIATE_TEST_SUITE_P(Hdfs, Faults, ::testing::Values("SLUICE_TEST_HDFS", "SLUICE_TEST_HTTPFS"),
                         [](const auto& parameter) { return std::string(parameter.param).substr(12); });

}  // namespace
}  // namespace sluice::deliver::store::hdfs
