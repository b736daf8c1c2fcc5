#include "protobuf/normalize_options.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace sluice::protobuf {
namespace pb = google::protobuf;

namespace {

using Kind = OptionValue::Kind;

// The extension that `name` means inside `scope`: the innermost. None: nobody declares it.
const pb::FieldDescriptor* extension(const pb::DescriptorPool& pool, std::string_view scope, std::string_view name) {
  if (name.starts_with('.')) return pool.FindExtensionByName(std::string(name.substr(1)));
  for (;;) {
    const auto full = scope.empty() ? std::string(name) : std::string(scope) + "." + std::string(name);
    if (const auto* found = pool.FindExtensionByName(full); found != nullptr) return found;
    if (scope.empty()) return nullptr;
    const auto dot = scope.rfind('.');
    scope = dot == std::string_view::npos ? std::string_view() : scope.substr(0, dot);
  }
}

// Decimal, without zeros that say nothing. Confluent's rounds to three places besides, and would take two different
// schemas for one.
std::string plain_number(std::string_view text) {
  const bool negative = text.starts_with('-');
  const std::string digits(text.substr(negative ? 1 : 0));
  std::string result;
  if (std::uint64_t integer = 0;
      pb::io::Tokenizer::ParseInteger(digits, std::numeric_limits<std::uint64_t>::max(), &integer)) {
    result = std::to_string(integer);
  } else {
    const double value = pb::io::Tokenizer::ParseFloat(digits);
    const bool whole = std::abs(value) < 1e15 && std::trunc(value) == value;
    char buffer[64];
    result = whole ? std::to_string(static_cast<std::int64_t>(value))
                   : std::string(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
  }
  return negative && result != "0" ? "-" + result : result;
}

// (a).b.c = v: {b: {c: v}}
void fold_path(OptionElement& option) {
  for (; !option.path.empty(); option.path.pop_back()) {
    auto key = option.path.back();
    if (key.starts_with('(')) key = "[" + key.substr(1, key.size() - 2) + "]";
    OptionValue map{.kind = Kind::map};
    map.members.emplace_back(std::move(key), std::move(option.value));
    option.value = std::move(map);
  }
}

// As protobuf merges messages: members of both; of one that both have, the two messages merged, else one list.
void merge(OptionValue& into, OptionValue from) {
  for (auto& [key, value] : from.members) {
    const auto found = std::ranges::find(into.members, key, &std::pair<std::string, OptionValue>::first);
    if (found == into.members.end()) {
      into.members.emplace_back(key, std::move(value));
    } else if (found->second.kind == Kind::map && value.kind == Kind::map) {
      merge(found->second, std::move(value));
    } else {
      auto& present = found->second;
      if (present.kind != Kind::list) {
        OptionValue list{.kind = Kind::list};
        list.items.push_back(std::move(present));
        present = std::move(list);
      }
      if (value.kind != Kind::list) {
        present.items.push_back(std::move(value));
      } else {
        std::ranges::move(value.items, std::back_inserter(present.items));
      }
    }
  }
}

}  // namespace

void normalize(OptionValue& value, const pb::DescriptorPool& pool, std::string_view scope) {
  if (value.kind == Kind::number) value.text = plain_number(value.text);
  for (auto& item : value.items) normalize(item, pool, scope);
  for (auto& [key, member] : value.members) {
    normalize(member, pool, scope);
    if (!key.starts_with('[')) continue;
    if (const auto* found = extension(pool, scope, key.substr(1, key.size() - 2)); found != nullptr)
      key = "[" + found->full_name() + "]";
  }
  if (value.kind == Kind::list && value.items.size() == 1) {
    auto only = std::move(value.items.front());
    value = std::move(only);
  }
  std::erase_if(value.members,
                [](const auto& member) { return member.second.kind == Kind::list && member.second.items.empty(); });
  std::ranges::stable_sort(value.members, {}, &std::pair<std::string, OptionValue>::first);
}

void normalize(Options& options, const pb::DescriptorPool& pool, std::string_view scope) {
  Options merged;
  for (auto& option : options) {
    const auto* declared = option.custom ? extension(pool, scope, option.name) : nullptr;
    if (declared != nullptr) {
      option.name = declared->full_name();
      fold_path(option);
    }
    const auto same = std::ranges::find_if(merged, [&](const OptionElement& other) {
      return declared != nullptr && !declared->is_repeated() && other.custom && other.name == option.name;
    });
    if (same == merged.end()) {
      merged.push_back(std::move(option));
    } else {
      merge(same->value, std::move(option.value));
    }
  }
  for (auto& option : merged) normalize(option.value, pool, scope);
  std::ranges::stable_sort(merged, {}, &OptionElement::name);
  options = std::move(merged);
}

}  // namespace sluice::protobuf
