#include "avro/random_testing.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "avro/json_text.h"

namespace sluice::avro {
namespace json = boost::json;

std::string RandomAvro::schema(bool same) {
  defined_ = {"Row"};
  return R"({"type":"record","name":"Row","fields":[)" + fields(0, same) + "]}";
}

// The name of a field tells its type, mostly.
std::string RandomAvro::fields(int depth, bool same) {
  std::vector<unsigned> names(14);
  for (unsigned i = 0; i < names.size(); ++i) names[i] = i;
  std::shuffle(names.begin(), names.end(), random_);
  names.resize(below(depth == 0 ? 9 : 4));
  std::string out;
  for (const auto name : names) {
    auto of = type(depth + 1, same ? name : below(14));
    const bool null = of == "\"null\"" || of.starts_with('[') ;
    if (!null && below(3) == 0) of = below(3) == 0 ? "[" + of + ",\"null\"]" : "[\"null\"," + of + "]";
    out += (out.empty() ? "" : ",") + std::string(R"({"name":"f)") + std::to_string(name) + R"(","type":)" + of + "}";
  }
  return out;
}

std::string RandomAvro::type(int depth, unsigned kind) {
  const auto one_of = [this](std::initializer_list<const char*> texts) { return "\"" + std::string(texts.begin()[below(static_cast<unsigned>(texts.size()))]) + "\""; };
  if (depth > 3 && kind > 7) kind -= 7;
  switch (kind) {
    case 0: return "\"boolean\"";
    case 1: return one_of({"int", "long"});
    case 2: return one_of({"int", "double", "float"});
    case 3: return one_of({"string"});
    case 4: return one_of({"bytes"});
    case 5: return one_of({"null", "int"});
    case 6: return R"({"type":"bytes","logicalType":"decimal","precision":)" + std::to_string(2 + below(8)) + R"(,"scale":2})";
    case 7: return R"(["int","string"])";
    case 8: return R"({"type":"array","items":)" + type(depth + 1, below(9)) + "}";
    case 9: return R"({"type":"map","values":)" + type(depth + 1, 1 + below(2)) + "}";
    case 10: return below(2) == 0 ? R"(["null","double",)" + named(depth, true) + "]" : R"(["string","null",{"type":"array","items":"int"}])";
    case 11: return R"({"type":"array","items":)" + named(depth, true) + "}";
    case 12: return R"(["null","Row"])";
    default: return named(depth, false);
  }
}

// `ends`: where the type is used, its values may be absent, so that it may be used within itself.
std::string RandomAvro::named(int depth, bool ends) {
  const auto name = "T" + std::to_string(below(5));
  if (std::find(defined_.begin(), defined_.end(), name) != defined_.end()) return ends || name == "T0" || name == "T1" ? "\"" + name + "\"" : "[\"null\",\"" + name + "\"]";
  defined_.push_back(name);
  const auto start = R"({"name":")" + name + "\",";
  if (name == "T0") {
    std::string symbols;
    for (const auto* symbol : {"A", "B", "C", "D", "E"}) {
      if (below(2) == 0) symbols = below(2) == 0 ? symbols + ",\"" + symbol + "\"" : ",\"" + std::string(symbol) + "\"" + symbols;
    }
    return start + R"("type":"enum","symbols":["Z")" + symbols + "]}";
  }
  if (name == "T1") return start + R"("type":"fixed","size":3})";
  return start + R"("type":"record","fields":[)" + fields(depth + 1, true) + "]}";
}

namespace {
std::string branch_name(const Node& node) { return node.is_named() ? node.full_name() : std::string(type_name(node.type)); }
}  // namespace

std::string RandomAvro::datum(const Node& node, int depth) {
  const auto list = [&](const Node& of, char open, const char* close, const std::function<std::string(unsigned)>& before) {
    std::string out(1, open);
    const auto count = of.type == Type::record ? static_cast<unsigned>(of.fields.size()) : depth > 4 ? 0 : below(4);
    for (unsigned i = 0; i < count; ++i) out += (i > 0 ? "," : "") + before(i) + datum(of.type == Type::record ? *of.fields[i].type : *of.items, depth + 1);
    return out + close;
  };
  switch (node.type) {
    case Type::null: return "null";
    case Type::boolean: return below(2) == 0 ? "true" : "false";
    case Type::int_: return std::to_string(static_cast<std::int32_t>(random_()) >> below(32));
    case Type::long_: return std::to_string(static_cast<std::int64_t>((std::uint64_t{random_()} << 32) | random_()) >> below(64));
    case Type::float_:
    case Type::double_: return std::to_string(below(1000)) + "." + std::to_string(below(1000));
    case Type::string:
    case Type::bytes: return "\"" + std::string(below(3) == 0 ? below(200) : below(6), 'x') + "\"";
    case Type::fixed: return "\"" + std::string(static_cast<std::size_t>(node.size), 'y') + "\"";
    case Type::enum_: return "\"" + node.symbols[below(static_cast<unsigned>(node.symbols.size()))] + "\"";
    case Type::array: return list(node, '[', "]", [](unsigned) { return ""; });
    case Type::map: return list(node, '{', "}", [](unsigned i) { return "\"k" + std::to_string(i) + "\":"; });
    case Type::record: return list(node, '{', "}", [&](unsigned i) { return "\"" + node.fields[i].name + "\":"; });
    case Type::union_: break;
  }
  const auto null = std::find_if(node.branches.begin(), node.branches.end(), [](const Node* branch) { return branch->type == Type::null; });
  const auto& branch = depth > 4 && null != node.branches.end() ? **null : *node.branches[below(static_cast<unsigned>(node.branches.size()))];
  return branch.type == Type::null ? "null" : "{\"" + branch_name(branch) + "\":" + datum(branch, depth + 1) + "}";
}

namespace {

// The value in a union, and its type.
std::pair<const Node*, const json::value*> within(const Node& node, const json::value& value) {
  if (node.type != Type::union_ || value.is_null()) return {&node, &value};
  const auto& labelled = *value.get_object().begin();
  for (const auto* branch : node.branches) {
    if (branch_name(*branch) == std::string_view(labelled.key())) return {branch, &labelled.value()};
  }
  return {&node, &value};
}

bool same_record(const Node& added, const json::object& a, const Node& grown, const json::object& b) {
  const bool all_there = std::all_of(added.fields.begin(), added.fields.end(), [&](const Field& field) { return grown.field(field.name) != nullptr; });
  return all_there && std::all_of(grown.fields.begin(), grown.fields.end(), [&](const Field& field) {
    const auto& value = b.at(field.name);
    const auto* own = added.field(field.name);
    return own == nullptr ? value.is_null() : says_the_same(*own->type, a.at(field.name), *field.type, value);
  });
}

}  // namespace

bool says_the_same(const Node& added_union, const json::value& a_union, const Node& grown_union, const json::value& b_union) {
  const auto [added, a] = within(added_union, a_union);
  const auto [grown, b] = within(grown_union, b_union);
  if (a->is_number() && b->is_number()) {
    return a->to_number<double>() == b->to_number<double>() || static_cast<float>(a->to_number<double>()) == static_cast<float>(b->to_number<double>());
  }
  if (a->kind() != b->kind()) return false;
  if (added->type == Type::record) return grown->type == Type::record && same_record(*added, a->get_object(), *grown, b->get_object());
  const auto* items = added->items;
  const auto* grown_items = grown->items;
  if (a->is_array()) {
    return std::equal(a->get_array().begin(), a->get_array().end(), b->get_array().begin(), b->get_array().end(),
                      [&](const json::value& x, const json::value& y) { return says_the_same(*items, x, *grown_items, y); });
  }
  if (a->is_object()) {
    return a->get_object().size() == b->get_object().size() && std::all_of(a->get_object().begin(), a->get_object().end(), [&](const auto& item) {
      return says_the_same(*items, item.value(), *grown_items, b->get_object().at(item.key()));
    });
  }
  return *a == *b;
}

}  // namespace sluice::avro
