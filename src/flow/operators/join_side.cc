#include "flow/operators/join_side.h"

#include <algorithm>
#include <utility>

#include "flow/value/row_code.h"

namespace sluice::flow {

namespace {

bool is_part_of(const std::vector<std::size_t>& part, const std::vector<std::size_t>& whole) {
  return !part.empty() && std::ranges::all_of(part, [&](std::size_t column) { return std::ranges::find(whole, column) != whole.end(); });
}

void put_head(std::int64_t weight, bool alone, Bytes& out) {
  ByteWriter writer(out);
  writer.zigzag(weight);
  writer.u8(alone ? 1 : 0);
}

JoinSide::Stored take_head(ByteView& from) {
  ByteReader in(from);
  JoinSide::Stored stored;
  stored.weight = in.zigzag();
  stored.alone = in.u8() == 1;
  from = in.rest();
  return stored;
}

}  // namespace

JoinSide::JoinSide(const PlanNode& node, const std::vector<std::size_t>& key, const Join::Memory& memory, Form form, const Bytes& prefix)
    : types_(types_of(node.columns)), key_columns_(key), memory_(memory), form_(form), keys_(prefix) {
  // Without the time nothing can be forgotten.
  if (memory_.keep_us.value_or(0) != 0 && !memory_.time) memory_.keep_us.reset();
  single_ = node.single_row || is_part_of(node.key, key);
}

std::optional<ByteView> JoinSide::key_of(Row row) {
  key_.clear();
  for (const std::size_t column : key_columns_) {
    if (row[column].null) return std::nullopt;
    encode_key(types_[column], row[column], key_);
  }
  return key_;
}

Result<std::span<const JoinSide::Stored>> JoinSide::rows(ByteView key, Context& context) {
  stored_.clear();
  if (!is_kept()) return std::span<const Stored>(stored_);
  const Bytes& at = state_key(key);
  if (single_) {
    SLUICE_TRY(const auto found, context.state.find(at));
    ByteView rest = found ? context.block.copy(*found) : ByteView{};
    while (!rest.empty()) {
      Stored stored = take_head(rest);
      stored.bytes = rest;
      SLUICE_TRY(stored.row, take_row(types_, rest, context.block));
      stored.bytes.remove_suffix(rest.size());
      stored_.push_back(stored);
    }
    return std::span<const Stored>(stored_);
  }
  std::optional<Error> error;
  SLUICE_RETURN_IF_ERROR(context.state.scan(at, {}, [&](ByteView each, ByteView value) {
    Stored stored = take_head(value);
    stored.bytes = context.block.copy(each.substr(at.size()));
    auto row = decode_row(types_, stored.bytes, context.block);
    if (!row.ok()) return error = row.error(), false;
    stored.row = *row;
    stored_.push_back(stored);
    return true;
  }));
  if (error) return *std::move(error);
  return std::span<const Stored>(stored_);
}

Result<std::int64_t> JoinSide::count(ByteView key, Context& context) {
  if (!is_kept()) return 0;
  if (single_) {
    SLUICE_TRY(const auto all, rows(key, context));
    std::int64_t sum = 0;
    for (const Stored& stored : all) sum += stored.weight;
    return sum;
  }
  SLUICE_TRY(const auto found, context.state.find(count_key(key)));
  return found ? ByteReader(*found).zigzag() : 0;
}

bool JoinSide::is_past(Row row, const Context& context) const {
  if (!memory_.keep_us) return false;
  const Value& time = row[*memory_.time];
  return !time.null && add_time(time.integer, *memory_.keep_us) <= context.watermark_us;
}

Result<bool> JoinSide::add(ByteView key, const Delta& delta, bool alone, Context& context) {
  if (!is_kept() || is_past(delta.row, context)) return alone;
  if (memory_.keep_us && delta.row[*memory_.time].null) return alone;
  if (single_) return add_single(key, delta, alone, context);
  row_.clear();
  encode_row(types_, delta.row, row_);
  Bytes& at = state_key(key).append(row_);
  SLUICE_TRY(const auto found, context.state.find(at));
  Stored stored;
  stored.alone = alone;
  if (ByteView value = found.value_or(ByteView{}); found) stored = take_head(value);
  const std::int64_t before = stored.weight;
  stored.weight += delta.weight;
  if (stored.weight == 0) {
    context.state.erase(at);
  } else {
    value_.clear();
    put_head(stored.weight, stored.alone, value_);
    context.state.put(at, value_);
  }
  if (memory_.keep_us && (before == 0) != (stored.weight == 0)) index(key, delta.row, before == 0, context);
  if (form_.counted) SLUICE_RETURN_IF_ERROR(add_count(key, delta.weight, context));
  return stored.alone;
}

Result<bool> JoinSide::add_single(ByteView key, const Delta& delta, bool alone, Context& context) {
  SLUICE_RETURN_IF_ERROR(rows(key, context).transform([](auto) { return true; }));
  row_.clear();
  encode_row(types_, delta.row, row_);
  auto at = std::ranges::find(stored_, ByteView(row_), &Stored::bytes);
  if (at == stored_.end()) at = stored_.insert(at, Stored{delta.row, 0, alone, row_});
  const std::int64_t before = std::exchange(at->weight, at->weight + delta.weight);
  const bool is_alone = at->alone;
  const bool is_there = at->weight != 0;
  put_all(key, context);
  if (memory_.keep_us && (before == 0) == is_there) index(key, delta.row, is_there, context);
  return is_alone;
}

// The one value that holds all of a key's rows.
void JoinSide::put_all(ByteView key, Context& context) {
  value_.clear();
  for (const Stored& stored : stored_) {
    if (stored.weight == 0) continue;
    put_head(stored.weight, stored.alone, value_);
    value_.append(stored.bytes);
  }
  const Bytes& at = state_key(key);
  if (value_.empty()) context.state.erase(at);
  else context.state.put(at, value_);
}

void JoinSide::set_alone(ByteView key, bool alone, Context& context) {
  for (Stored& stored : stored_) {
    if (!stored.met || std::exchange(stored.alone, alone) == alone || single_) continue;
    value_.clear();
    put_head(stored.weight, alone, value_);
    context.state.put(state_key(key).append(stored.bytes), value_);
  }
  if (single_ && !stored_.empty()) put_all(key, context);
}

Result<void> JoinSide::add_count(ByteView key, std::int64_t more, Context& context) {
  SLUICE_TRY(const std::int64_t before, count(key, context));
  const Bytes& at = count_key(key);
  if (before + more == 0) {
    context.state.erase(at);
    return {};
  }
  value_.clear();
  ByteWriter(value_).zigzag(before + more);
  context.state.put(at, value_);
  return {};
}

// Precondition: row_ holds the row's bytes.
void JoinSide::index(ByteView key, Row row, bool there, Context& context) {
  Bytes& at = time_key();
  append_time(add_time(row[*memory_.time].integer, *memory_.keep_us), at);
  at.append(key).append(row_);
  if (!there) return context.state.erase(at);
  value_.clear();
  ByteWriter(value_).varint(key.size());
  context.state.put(at, value_);
}

Result<void> JoinSide::forget(std::int64_t watermark_us, Context& context) {
  if (memory_.keep_us.value_or(0) == 0) return {};
  struct Gone {
    ByteView at;
    std::size_t key_size;
  };
  std::vector<Gone> gone;
  const Bytes& head = time_key();
  const std::size_t head_size = head.size();
  SLUICE_RETURN_IF_ERROR(context.state.scan(head, after_time(head, context.watermark_us), [&](ByteView at, ByteView value) {
    if (time_at(at.substr(head_size)) > watermark_us) return false;
    gone.push_back({context.held.copy(at), ByteReader(value).varint()});
    return true;
  }));
  for (const auto& [at, key_size] : gone) {
    const ByteView suffix = at.substr(head_size + 8);
    if (single_) {
      SLUICE_RETURN_IF_ERROR(forget_single(suffix.substr(0, key_size), suffix.substr(key_size), context));
      context.state.erase(at);
      continue;
    }
    if (form_.counted) {
      SLUICE_TRY(const auto found, context.state.find(state_key(suffix)));
      const std::int64_t weight = found ? ByteReader(*found).zigzag() : 0;
      SLUICE_RETURN_IF_ERROR(add_count(suffix.substr(0, key_size), -weight, context));
    }
    context.state.erase(state_key(suffix));
    context.state.erase(at);
  }
  return {};
}

Result<void> JoinSide::forget_single(ByteView key, ByteView row, Context& context) {
  SLUICE_RETURN_IF_ERROR(rows(key, context).transform([](auto) { return true; }));
  const auto at = std::ranges::find(stored_, row, &Stored::bytes);
  if (at == stored_.end()) return {};
  at->weight = 0;
  put_all(key, context);
  return {};
}

}  // namespace sluice::flow
