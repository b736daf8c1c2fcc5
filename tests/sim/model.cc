#include "model.h"

#include <algorithm>

#include "node/groups.h"

namespace sluice::sim {
namespace {

std::string name_of(const TopicPartition& where) { return where.topic + "-" + std::to_string(where.partition); }

std::string text_of(const Record& record) {
  return "'" + record.key + "' = " + (record.value ? "'" + record.value->substr(0, 20) + "'" : "none");
}

// "<client>-<number>-…" -> client, number
std::pair<std::string, std::int64_t> writer_of(const std::string& value) {
  const auto dash = value.find('-');
  return {value.substr(0, dash), std::stoll(value.substr(dash + 1))};
}

}  // namespace

void Model::fail(const std::string& what) { problems_.push_back(what); }

// --- told

void Model::topic_made(const std::string& name, Topic topic) {
  topic.life = ++lives_[name];
  topics_[name] = topic;
}

void Model::topic_gone(const std::string& name) {
  topics_.erase(name);
  std::erase_if(partitions_, [&](const auto& item) { return item.first.topic == name; });
  for (auto& [key, offsets] : groups_) {
    if (key.second.topic == name) offsets.acknowledged = -1;
  }
}

const Topic* Model::topic(const std::string& name) const {
  const auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : &found->second;
}
Topic* Model::topic(const std::string& name) {
  const auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : &found->second;
}

void Model::compare_topics(const node::Node& node) {
  std::map<std::string, std::int32_t> there;
  for (const auto& info : node.topics()) {
    if (!info.internal && !info.name.starts_with("__sluice")) there[info.name] = info.partitions;
  }
  for (const auto& [name, topic] : std::map(topics_)) {
    const auto found = there.find(name);
    if (topic.unsure && found == there.end()) {
      topic_gone(name);
    } else if (topic.unsure) {
      topics_[name].unsure = false;
      topics_[name].partitions = found->second;
    } else if (found == there.end()) {
      fail("topic " + name + " is gone");
    } else if (found->second != topic.partitions) {
      fail("topic " + name + " has " + std::to_string(found->second) + " partitions, not " + std::to_string(topic.partitions));
    }
    there.erase(name);
  }
  for (const auto& [name, partitions] : there) fail("topic " + name + " was deleted and is there");
}

void Model::acknowledged(const TopicPartition& where, int life, Offset first, const std::vector<Record>& records, bool transactional) {
  const auto* const known = topic(where.topic);
  if (known == nullptr || known->life != life) return;
  auto& partition = partitions_[where];
  for (std::size_t i = 0; i < records.size(); ++i) {
    see(where, partition, first.value + static_cast<std::int64_t>(i), records[i], transactional);
  }
}

void Model::begins_below(const TopicPartition& where, Offset start) {
  auto& most = partitions_[where].start_at_most;
  most = std::max(most, start.value);
}

void Model::belongs_to(const std::shared_ptr<Transaction>& transaction, const TopicPartition& where, const Record& record) {
  const auto* const known = topic(where.topic);
  if (transaction->parts.empty()) transactions_.push_back(transaction);
  transaction->parts.push_back({where, known == nullptr ? 0 : known->life, record});
  if (record.value) by_value_[*record.value] = transaction;
}

void Model::offset_asked(const std::string& group, const TopicPartition& where, Offset offset) {
  groups_[{group, where}].asked.insert(offset.value);
}

void Model::offset_committed(const std::string& group, const TopicPartition& where, Offset offset) {
  const auto found = groups_.find({group, where});
  if (found == groups_.end() || topic(where.topic) == nullptr) return;  // its topic was deleted
  if (!found->second.asked.contains(offset.value)) return;
  found->second.acknowledged = std::max(found->second.acknowledged, offset.value);
}

// --- shown

struct Model::Reading {
  Shown& shown;
  Partition& partition;
  bool compacted = false;
  std::int64_t next = 0;
  std::map<std::int64_t, Record> records = {};
  std::set<std::int64_t> aborted = {};
};

void Model::see(const TopicPartition& where, Partition& partition, std::int64_t offset, const Record& record, bool transactional) {
  ++compared_;
  const auto [at, added] = partition.seen.try_emplace(offset, Seen{record, transactional});
  if (!added && at->second.record != record) {
    fail(name_of(where) + " at " + std::to_string(offset) + ": " + text_of(at->second.record) + " has become " + text_of(record));
  }
  if (!record.value) return;
  const auto [value, fresh] = partition.offsets.try_emplace(*record.value, offset);
  if (!fresh && value->second != offset) {
    fail(name_of(where) + ": " + text_of(record) + " is there twice, at " + std::to_string(value->second) + " and " + std::to_string(offset));
  }
}

void Model::read_batch(const record::BatchView& batch, const node::FetchedPartition& fetched, Reading& reading) {
  const auto where = name_of(reading.shown.where);
  if (!batch.crc_ok()) fail(where + " at " + to_string(batch.base_offset()) + ": CRC");
  const auto base = batch.base_offset().value;
  if (base < reading.next && batch.next_offset().value > reading.next && reading.next != reading.shown.log_start.value) {
    fail(where + ": offsets go back at " + std::to_string(base));
  }
  if (!reading.compacted && base > reading.next) fail(where + ": a hole before " + std::to_string(base) + ", after " + std::to_string(reading.next));
  const auto read = batch.for_each([&](const record::Record& record) {
    const auto offset = base + record.offset_delta;
    if (batch.is_control() || offset < reading.next) return true;
    const Record found{std::string(record.key.value_or("")), record.value ? std::optional<std::string>(*record.value) : std::nullopt};
    see(reading.shown.where, reading.partition, offset, found, batch.is_transactional());
    reading.records[offset] = found;
    const bool aborted = batch.is_transactional() && std::any_of(fetched.aborted.begin(), fetched.aborted.end(), [&](const auto& entry) {
      return entry.producer_id == batch.producer_id() && entry.first_offset.value <= base && base <= entry.last_offset.value;
    });
    if (aborted) reading.aborted.insert(offset);
    if (!aborted && offset < reading.shown.last_stable.value) reading.shown.committed[offset] = found;
    return true;
  });
  if (!read.ok()) fail(where + " at " + std::to_string(base) + ": " + read.error().message);
  reading.next = batch.next_offset().value;
}

// Reads one partition up to the high watermark that was given with all the others'.
void Model::read(node::Node& node, Shown& shown) {
  auto& partition = partitions_[shown.where];
  const auto* const known = topic(shown.where.topic);
  Reading reading{shown, partition, known->compacted, shown.log_start.value};
  for (const auto isolation : {node::Isolation::read_committed, node::Isolation::read_uncommitted}) {
    const auto limit = isolation == node::Isolation::read_committed ? shown.last_stable : shown.high_watermark;
    while (reading.next < limit.value) {
      const node::FetchPartition wanted{shown.where, Offset{reading.next}, 4096};
      auto fetched = std::move(node.fetch({&wanted, 1}, isolation, 4096).front());
      if (!fetched.outcome.ok()) return fail(name_of(shown.where) + " at " + std::to_string(reading.next) + ": " + fetched.outcome.error().text());
      if (!fetched.records) break;
      auto bytes = fetched.records->file->read_exactly(fetched.records->offset, fetched.records->length);
      if (!bytes.ok()) return fail(name_of(shown.where) + ": " + bytes.error().text());
      ByteView rest = *bytes;
      while (!rest.empty()) {
        const auto batch = record::BatchView::parse(rest);
        if (!batch.ok()) return fail(name_of(shown.where) + ": " + batch.error().text());
        read_batch(*batch, fetched, reading);
        rest.remove_prefix(batch->bytes().size());
      }
    }
    if (reading.next < limit.value && !reading.compacted) {
      fail(name_of(shown.where) + ": ends at " + std::to_string(reading.next) + ", below " + to_string(limit));
    }
  }
  compare_seen(shown.where, partition, reading);
  compare_order(shown.where, partition);
  if (reading.compacted) compare_newest(shown.where, partition, reading);
}

bool Model::is_settled(const Seen& seen) const {
  if (!seen.transactional) return true;
  if (!seen.record.value) return false;
  const auto found = by_value_.find(*seen.record.value);
  return found != by_value_.end() && found->second->fate == Transaction::Fate::committed;
}

void Model::compare_seen(const TopicPartition& where, Partition& partition, const Reading& reading) {
  const auto start = reading.shown.log_start.value;
  if (!topic(where.topic)->bounded && start > partition.start_at_most) {
    fail(name_of(where) + ": begins at " + std::to_string(start) + "; nobody deleted that");
  }
  partition.start = start;
  for (const auto& [offset, seen] : partition.seen) {
    if (offset < start) continue;
    if (offset >= reading.shown.high_watermark.value) {
      fail(name_of(where) + " at " + std::to_string(offset) + ": " + text_of(seen.record) + " is no longer visible; the high watermark is " + to_string(reading.shown.high_watermark));
      break;
    }
    if (!reading.compacted && !reading.records.contains(offset)) {
      fail(name_of(where) + " at " + std::to_string(offset) + ": " + text_of(seen.record) + " is lost");
    }
  }
}

void Model::compare_order(const TopicPartition& where, const Partition& partition) {
  std::map<std::string, std::int64_t> last;
  for (const auto& [offset, seen] : partition.seen) {
    if (!seen.record.value) continue;
    const auto [client, number] = writer_of(*seen.record.value);
    const auto [at, added] = last.try_emplace(client, number);
    if (!added && at->second >= number) fail(name_of(where) + " at " + std::to_string(offset) + ": " + text_of(seen.record) + " is out of order");
    at->second = number;
  }
}

void Model::compare_newest(const TopicPartition& where, const Partition& partition, const Reading& reading) {
  std::map<std::string, std::pair<std::int64_t, const Seen*>> newest;
  for (const auto& [offset, seen] : partition.seen) {
    if (offset >= partition.start && is_settled(seen)) newest[seen.record.key] = {offset, &seen};
  }
  for (const auto& [key, at] : newest) {
    const bool may_go = !at.second->record.value;  // a tombstone
    // A later one, tombstones of transactions included, whose fate is not known to be a commit may have superseded it.
    const bool later = std::any_of(partition.seen.upper_bound(at.first), partition.seen.end(), [&, &wanted = key](const auto& item) { return item.second.record.key == wanted; });
    if (!may_go && !later && !reading.records.contains(at.first)) {
      fail(name_of(where) + " at " + std::to_string(at.first) + ": " + text_of(at.second->record) + ", the newest of its key, is lost");
    }
  }
}

void Model::compare_transactions(const std::vector<Shown>& shown) {
  std::map<TopicPartition, std::set<std::string>> committed;
  std::map<TopicPartition, const Shown*> by_place;
  for (const auto& part : shown) {
    by_place[part.where] = &part;
    auto& values = committed[part.where];
    for (const auto& [offset, record] : part.committed) {
      if (record.value) values.insert(*record.value);
    }
  }
  for (const auto& transaction : transactions_) {
    std::size_t there = 0;
    std::size_t absent = 0;
    std::string first_there, first_absent;
    for (const auto& part : transaction->parts) {
      const auto* const known = topic(part.where.topic);
      if (known == nullptr || known->life != part.life || !part.record.value || !by_place.contains(part.where)) continue;
      const bool seen = committed[part.where].contains(*part.record.value);
      const auto& partition = partitions_[part.where];
      const auto offset = partition.offsets.find(*part.record.value);
      // Held back by an older transaction that is open, below the log's start, or superseded.
      const bool held = offset != partition.offsets.end() && offset->second >= by_place[part.where]->last_stable.value;
      const bool may_miss = held || known->compacted || (offset == partition.offsets.end() ? partition.start > 0 : offset->second < partition.start);
      if (seen) {
        ++there;
        first_there = name_of(part.where) + " " + text_of(part.record);
      } else if (!may_miss) {
        ++absent;
        first_absent = name_of(part.where) + " " + text_of(part.record) + (offset == partition.offsets.end() ? " (never seen" : " (at " + std::to_string(offset->second)) +
                       "; last stable offset " + to_string(by_place[part.where]->last_stable) + ", high watermark " + to_string(by_place[part.where]->high_watermark) + ")";
      }
    }
    using Fate = Transaction::Fate;
    if (there > 0 && (transaction->fate == Fate::open || transaction->fate == Fate::aborted)) fail("not committed, and seen as committed: " + first_there);
    if (absent > 0 && transaction->fate == Fate::committed) fail("committed, and not seen: " + first_absent);
    if (there > 0 && absent > 0 && transaction->fate == Fate::ending) fail("half of a transaction: " + first_there + " is there, " + first_absent + " is not");
    if (there > 0 && transaction->fate == Fate::ending) transaction->fate = Fate::committed;
  }
}

void Model::compare_offsets(node::Node& node) {
  for (auto& [key, known] : groups_) {
    const auto& [group, where] = key;
    if (const auto* const of = topic(where.topic); of == nullptr || of->unsure) continue;
    const auto found = node.groups().committed(group, std::vector<TopicPartition>{where}, false);
    if (!found.ok()) {
      fail("group " + group + ": " + found.error().text());
      continue;
    }
    const auto at = found->find(where);
    const auto offset = at == found->end() ? -1 : at->second.offset.value;
    if (offset < known.acknowledged) fail("group " + group + " on " + name_of(where) + ": " + std::to_string(offset) + ", committed was " + std::to_string(known.acknowledged));
    if (offset >= 0 && !known.asked.contains(offset)) fail("group " + group + " on " + name_of(where) + ": " + std::to_string(offset) + " was never committed");
    known.acknowledged = std::max(known.acknowledged, offset);  // once seen
    ++compared_;
  }
}

void Model::read_all(node::Node& node, std::vector<Shown>& shown) {
  std::vector<node::FetchPartition> wanted;
  for (const auto& [name, known] : topics_) {
    for (std::int32_t i = 0; i < known.partitions && !known.unsure; ++i) wanted.push_back({{name, i}, Offset{0}, 1});
  }
  for (const auto& fetched : node.fetch(wanted, node::Isolation::read_committed, 1)) {
    if (fetched.high_watermark == kNoOffset) {
      fail(name_of(fetched.where) + ": " + fetched.outcome.error().text());
    } else {
      shown.push_back({fetched.where, fetched.high_watermark, fetched.last_stable, fetched.log_start, {}});
    }
  }
  for (auto& part : shown) read(node, part);
}

void Model::compare(node::Node& node) {
  std::vector<Shown> shown;
  read_all(node, shown);
  compare_transactions(shown);
  compare_offsets(node);
}

void Model::compare_quiet(node::Node& node) {
  std::vector<Shown> shown;
  read_all(node, shown);
  for (const auto& part : shown) {
    if (part.last_stable != part.high_watermark) {
      fail(name_of(part.where) + ": the last stable offset stays at " + to_string(part.last_stable) + ", the high watermark is " + to_string(part.high_watermark));
    }
  }
  compare_transactions(shown);
  compare_offsets(node);
}

}  // namespace sluice::sim
