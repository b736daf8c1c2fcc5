// EmbeddedLog keeps the contract of the Log port, on real files.

#include "node/embedded_log.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "pipeline/log_contract_testing.h"

namespace sluice::node {
namespace {

class EmbeddedLogUnderTest final : public pipeline::LogUnderTest {
 public:
  EmbeddedLogUnderTest() {
    auto pattern = (std::filesystem::temp_directory_path() / "sluice-embedded-XXXXXX").string();
    SLUICE_CHECK(mkdtemp(pattern.data()) != nullptr);
    directory_ = pattern;
    open();
  }
  ~EmbeddedLogUnderTest() override {
    log_.reset();
    node_.reset();
    std::filesystem::remove_all(directory_);
  }
  EmbeddedLogUnderTest(const EmbeddedLogUnderTest&) = delete;
  EmbeddedLogUnderTest& operator=(const EmbeddedLogUnderTest&) = delete;

  pipeline::Log& log() override { return *log_; }
  bool crash() override {
    log_.reset();
    node_.reset();  // without close(): as after a kill
    open();
    return true;
  }
  Result<void> remove_before(const std::string& topic, std::int32_t partition, Offset offset) override {
    const auto start = node_->delete_records({topic, partition}, offset);
    return start.ok() ? Result<void>{} : Result<void>{start.error()};
  }
  Result<void> remove_topic(const std::string& topic) override { return node_->delete_topic(topic); }

 private:
  void open() {
    NodeOptions options;
    options.data = directory_;
    auto node = Node::open(io::real_file_system(), io::system_clock(), options);
    SLUICE_CHECK(node.ok());
    node_ = *std::move(node);
    log_ = std::make_unique<EmbeddedLog>(*node_);
  }

  std::string directory_;
  std::unique_ptr<Node> node_;
  std::unique_ptr<EmbeddedLog> log_;
};

const bool kRegistered =
    pipeline::register_log_contract("EmbeddedLog", [] { return std::make_unique<EmbeddedLogUnderTest>(); });

TEST(EmbeddedLog, IsUnderTheContract) { EXPECT_TRUE(kRegistered); }

}  // namespace
}  // namespace sluice::node
