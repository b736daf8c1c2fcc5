// A fetch that has not enough to say waits, without a thread.
//
//   1. Fetch. Enough (min_bytes), an error, or no patience (max_wait 0): answer.
//   2. Else ask the node to be woken when any of the partitions shows more, and fetch again at once: what became
//      visible in between is seen now, what comes later wakes.
//   3. Woken: back to 2. Out of patience: fetch once more and answer with what there is.
//
// Everything here runs on the connection's loop; a wake only posts to it. Fetch sessions are declined (session 0):
// clients then name all partitions each time.

#include <algorithm>

#include "broker/epochs.h"
#include "broker/errors.h"
#include "broker/handler.h"
#include "kafka/data_messages.h"

namespace sluice::broker {

namespace {

using kafka::Code;
using Partition = kafka::FetchResponse::TopicResponse::PartitionData;

class PendingFetch : public std::enable_shared_from_this<PendingFetch> {
 public:
  PendingFetch(CallPtr call, const kafka::FetchRequest& request, const Reply<kafka::FetchResponse>& reply)
      : call_(std::move(call)),
        reply_(reply),
        isolation_(request.isolation_level == 1 ? node::Isolation::read_committed : node::Isolation::read_uncommitted),
        min_bytes_(static_cast<std::uint64_t>(std::max(request.min_bytes, 0))),
        max_bytes_(
            static_cast<std::size_t>(std::clamp<std::int64_t>(request.max_bytes, 0, call_->options.fetch_max_bytes))),
        wait_ms_(std::clamp<std::int64_t>(request.max_wait_ms, 0, call_->options.fetch_wait_max_ms)) {
    for (const auto& topic : request.topics) add_topic(topic);
  }

  void start() {
    auto fetched = fetch();
    if (wait_ms_ == 0 || enough(fetched)) return answer(fetched);
    timer_ = call_->connection->loop().call_after(wait_ms_, [self = shared_from_this()] { self->run_out(); });
    wait();
  }

 private:
  struct Place {
    std::size_t topic = 0;
    std::size_t partition = 0;
  };

  void add_topic(const kafka::FetchRequest::Topic& topic) {
    auto& out = response_.responses.emplace_back();
    out.topic = topic.topic;
    out.topic_id = topic.topic_id;
    std::string name = topic.topic;
    Code code = Code::none;
    if (call_->header.version >= 13) {
      const auto info = call_->node.topic(topic.topic_id);
      if (info.ok()) name = info->name;
      if (!info.ok()) code = Code::unknown_topic_id;
    }
    for (const auto& partition : topic.partitions) {
      out.partitions.push_back(
          {.partition_index = partition.partition, .high_watermark = -1, .records = kafka::Records{}});
      const auto refused = code != Code::none
                               ? code
                               : check_epoch(call_->node, {name, partition.partition}, partition.current_leader_epoch);
      if (refused != Code::none) {
        out.partitions.back().error_code = refused;
        failed_ = true;
        continue;
      }
      places_.push_back({response_.responses.size() - 1, out.partitions.size() - 1});
      wanted_.push_back({{name, partition.partition},
                         Offset{partition.fetch_offset},
                         static_cast<std::size_t>(std::max(partition.partition_max_bytes, 0))});
    }
  }

  [[nodiscard]] std::vector<node::FetchedPartition> fetch() {
    auto fetched = call_->node.fetch(wanted_, isolation_, max_bytes_);
    SLUICE_CHECK(fetched.size() == wanted_.size());
    return fetched;
  }

  [[nodiscard]] bool enough(const std::vector<node::FetchedPartition>& fetched) const {
    if (failed_ || wanted_.empty()) return true;
    std::uint64_t bytes = 0;
    for (const auto& partition : fetched) {
      if (!partition.outcome.ok() || partition.more) return true;  // an answer ends with a segment: the next one has the rest
      if (partition.records.has_value()) bytes += partition.records->length;
    }
    return bytes >= min_bytes_;
  }

  void wait() {
    if (answered_) return;
    std::vector<node::TopicPartition> partitions;
    for (const auto& wanted : wanted_) partitions.push_back(wanted.where);
    waiter_ = call_->node.wake_when_visible(partitions, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->call_->connection->loop().post([self] { self->wait(); });
    });
    const auto fetched = fetch();
    if (enough(fetched)) answer(fetched);
  }

  void run_out() {
    if (!answered_) answer(fetch());
  }

  void answer(std::vector<node::FetchedPartition> fetched) {
    answered_ = true;
    waiter_.reset();
    timer_.reset();
    std::vector<io::FileSlice> slices;
    for (std::size_t i = 0; i < fetched.size(); ++i) {
      fill(response_.responses[places_[i].topic].partitions[places_[i].partition], fetched[i], slices);
    }
    reply_(response_, std::move(slices));
  }

  void fill(Partition& out, node::FetchedPartition& fetched, std::vector<io::FileSlice>& slices) const {
    out.error_code = code_of(fetched.outcome);
    out.high_watermark = fetched.high_watermark.value;
    out.last_stable_offset = fetched.last_stable.value;
    out.log_start_offset = fetched.log_start.value;
    if (isolation_ == node::Isolation::read_committed) {
      out.aborted_transactions.emplace();
      for (const auto& aborted : fetched.aborted) {
        out.aborted_transactions->push_back({aborted.producer_id.value, aborted.first_offset.value});
      }
    }
    if (fetched.records.has_value() && fetched.records->length > 0) {
      out.records->external_bytes = fetched.records->length;
      slices.push_back(std::move(*fetched.records));
    }
  }

  CallPtr call_;
  Reply<kafka::FetchResponse> reply_;
  node::Isolation isolation_;
  std::uint64_t min_bytes_;
  std::size_t max_bytes_;
  std::int64_t wait_ms_;
  kafka::FetchResponse response_;
  std::vector<node::FetchPartition> wanted_;
  std::vector<Place> places_;  // of each wanted partition in the response
  bool failed_ = false;
  bool answered_ = false;
  std::shared_ptr<void> waiter_;
  std::unique_ptr<io::EventLoop::Timer> timer_;
};

void handle(const CallPtr& call, const kafka::FetchRequest& request, const Reply<kafka::FetchResponse>& reply) {
  if (request.session_id != 0) {
    kafka::FetchResponse response;
    response.error_code = Code::fetch_session_id_not_found;
    return reply(response);
  }
  std::make_shared<PendingFetch>(call, request, reply)->start();
}

}  // namespace

extern constinit const Api kFetch = api<kafka::FetchRequest, &handle>({4, 16});

}  // namespace sluice::broker
