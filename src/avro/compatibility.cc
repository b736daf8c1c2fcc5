#include "avro/compatibility.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>

#include "avro/json_text.h"
#include "avro/limit.h"

namespace sluice::avro {
namespace {

std::string upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return out;
}

std::string java_list(const std::vector<std::string>& items) {
  std::string out = "[";
  for (std::size_t i = 0; i < items.size(); ++i) out += (i > 0 ? ", " : "") + items[i];
  return out + "]";
}

// Against schemas made to exhaust memory or stack: unions of many records, say, are compared each with each.
constexpr std::size_t kMaxPairs = 1 << 20;
constexpr int kMaxDepth = 1500;
constexpr std::size_t kMaxListed = 1 << 20;

// Where Java looks for a fitting branch, it begins again at the root; what it finds there is kept, with that place, for when
// the same types meet elsewhere.
const std::string kNowhere;

class Checker {
 public:
  explicit Checker(CompatibilityOptions options) : options_(options) {}

  using List = std::vector<Incompatibility>;
  using FieldsByName = std::unordered_map<std::string_view, const Field*>;

  Result<List> check(const Node& reader, const Node& writer, const std::string& at) {
    auto memo = seen_.find({&reader, &writer});
    if (memo == seen_.end()) {
      if (depth_ == kMaxDepth || seen_.size() == kMaxPairs) return too_large();
      seen_[{&reader, &writer}] = {};  // compatible, as long as it is being looked at
      ++depth_;
      SLUICE_TRY(auto found, compare(reader, writer, at));
      --depth_;
      memo = seen_.insert_or_assign({&reader, &writer}, std::move(found)).first;
    }
    listed_ += memo->second.size();
    if (listed_ > kMaxListed) return too_large();
    return memo->second;
  }

 private:
  Error too_large() const {
    return over_limit(ErrorCode::rejected, "the schemas are too large to compare: " + std::to_string(seen_.size()) + " pairs of types, " + std::to_string(depth_) + " deep, " +
                                               std::to_string(listed_) + " things that do not fit");
  }
  static List one(std::string type, std::string at, std::string message) { return {{std::move(type), std::move(at), std::move(message)}}; }
  static List mismatch(const Node& reader, const Node& writer, const std::string& at) {
    return one("TYPE_MISMATCH", at.empty() ? "/" : at,
               "reader type: " + upper(type_name(reader.type)) + " not compatible with writer type: " + upper(type_name(writer.type)));
  }
  static void add(List& to, List more) { to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end())); }

  Result<List> compare(const Node& reader, const Node& writer, const std::string& at) {
    if (reader.type == writer.type) {
      SLUICE_TRY(auto found, same_type(reader, writer, at));
      if (options_.compare_logical_types) add(found, logical(reader, writer, at));
      return found;
    }
    if (writer.type == Type::union_) {
      // Every branch must be readable. (A reader that is a union as well is in same_type.)
      List found;
      for (std::size_t i = 0; i < writer.branches.size(); ++i) {
        SLUICE_TRY(auto more, check(reader, *writer.branches[i], at + "/" + std::to_string(i)));
        add(found, std::move(more));
      }
      return found;
    }
    if (reader.type == Type::union_) return any_branch(reader, writer, at);
    return promotes(reader.type, writer.type) ? Result<List>(List{}) : mismatch(reader, writer, at);
  }

  static bool promotes(Type reader, Type writer) {
    switch (reader) {
      case Type::long_: return writer == Type::int_;
      case Type::float_: return writer == Type::int_ || writer == Type::long_;
      case Type::double_: return writer == Type::int_ || writer == Type::long_ || writer == Type::float_;
      case Type::bytes: return writer == Type::string;
      case Type::string: return writer == Type::bytes;
      default: return false;
    }
  }

  Result<List> any_branch(const Node& reader, const Node& writer, const std::string& at) {
    for (const auto* branch : reader.branches) {
      SLUICE_TRY(const auto found, check(*branch, writer, kNowhere));
      if (found.empty()) return List{};
    }
    return one("MISSING_UNION_BRANCH", at.empty() ? "/" : at, "reader union lacking writer type: " + upper(type_name(writer.type)));
  }

  Result<List> same_type(const Node& reader, const Node& writer, const std::string& at) {
    switch (reader.type) {
      case Type::array: return check(*reader.items, *writer.items, at + "/items");
      case Type::map: return check(*reader.items, *writer.items, at + "/values");
      case Type::fixed: {
        auto found = names(reader, writer, at);
        if (reader.size != writer.size) {
          add(found, one("FIXED_SIZE_MISMATCH", at + "/size", "expected: " + std::to_string(writer.size) + ", found: " + std::to_string(reader.size)));
        }
        return found;
      }
      case Type::enum_: return enums(reader, writer, at);
      case Type::record: return records(reader, writer, at);
      case Type::union_: {
        List found;
        for (std::size_t i = 0; i < writer.branches.size(); ++i) {
          SLUICE_TRY(const auto branch, check(reader, *writer.branches[i], kNowhere));
          if (branch.empty()) continue;
          add(found, one("MISSING_UNION_BRANCH", at + "/" + std::to_string(i),
                         "reader union lacking writer type: " + upper(type_name(writer.branches[i]->type))));
        }
        return found;
      }
      default: return List{};
    }
  }

  static List names(const Node& reader, const Node& writer, const std::string& at) {
    const bool alias = std::find(reader.aliases.begin(), reader.aliases.end(), writer.full_name()) != reader.aliases.end();
    if (reader.name == writer.name || alias) return {};
    return one("NAME_MISMATCH", at + "/name", "expected: " + writer.full_name());
  }

  static Result<List> enums(const Node& reader, const Node& writer, const std::string& at) {
    auto found = names(reader, writer, at);
    std::vector<std::string> missing;
    const std::set<std::string_view> known(reader.symbols.begin(), reader.symbols.end());
    for (const auto& symbol : writer.symbols) {
      if (!known.contains(symbol)) missing.push_back(symbol);
    }
    std::sort(missing.begin(), missing.end());
    if (missing.empty()) return found;
    if (reader.enum_default) return found;
    add(found, one("MISSING_ENUM_SYMBOLS", at + "/symbols", java_list(missing)));
    return found;
  }

  // The writer's field that a reader's field takes: by name, else by alias.
  static Result<const Field*> writer_field(const FieldsByName& fields, const Node& writer, const Node& reader, std::size_t i) {
    const auto named = [&](const std::string& name) {
      const auto known = fields.find(name);
      return known == fields.end() ? nullptr : known->second;
    };
    const auto& field = reader.fields[i];
    const Field* found = named(field.name);
    for (const auto& alias : field.aliases) {
      const auto* by_alias = named(alias);
      if (by_alias == nullptr) continue;
      if (found != nullptr) {
        return Error{ErrorCode::rejected, "Reader record field " + field.name + " type:" + upper(type_name(field.type->type)) + " pos:" + std::to_string(i) +
                                              " matches multiple fields in writer record schema " + print_node(writer)};
      }
      found = by_alias;
    }
    return found;
  }

  Result<List> records(const Node& reader, const Node& writer, const std::string& at) {
    auto found = names(reader, writer, at);
    FieldsByName fields;
    for (const auto& field : writer.fields) fields.emplace(field.name, &field);
    for (std::size_t i = 0; i < reader.fields.size(); ++i) {
      const auto& field = reader.fields[i];
      const auto place = at + "/fields/" + std::to_string(i);
      SLUICE_TRY(const auto* source, writer_field(fields, writer, reader, i));
      if (source != nullptr) {
        SLUICE_TRY(auto more, check(*field.type, *source->type, place + "/type"));
        add(found, std::move(more));
      } else if (!field.default_json) {
        if (field.type->type == Type::enum_ && field.type->enum_default) {
          // Java compares the enum with the whole record here.
          SLUICE_TRY(auto more, check(*field.type, writer, place + "/type"));
          add(found, std::move(more));
        } else {
          add(found, one("READER_FIELD_MISSING_DEFAULT_VALUE", place, field.name));
        }
      }
    }
    return found;
  }

  static List logical(const Node& reader, const Node& writer, const std::string& at) {
    const bool decimals = reader.logical_type == "decimal" && writer.logical_type == "decimal";
    const bool fits = decimals ? reader.scale == writer.scale && reader.precision >= writer.precision : reader.logical_type == writer.logical_type;
    if (fits) return {};
    const auto words = [](const Node& node) {
      if (node.logical_type.empty()) return std::string(type_name(node.type));
      return node.logical_type == "decimal" ? "decimal(" + std::to_string(node.precision) + "," + std::to_string(node.scale) + ")" : node.logical_type;
    };
    return one("LOGICAL_TYPE_MISMATCH", at.empty() ? "/" : at, "reader: " + words(reader) + ", writer: " + words(writer));
  }

  CompatibilityOptions options_;
  int depth_ = 0;
  std::size_t listed_ = 0;
  std::map<std::pair<const Node*, const Node*>, List> seen_;
};

}  // namespace

Result<std::vector<Incompatibility>> check_compatibility(const Schema& reader, const Schema& writer, CompatibilityOptions options) {
  return Checker(options).check(reader.root(), writer.root(), "");
}

}  // namespace sluice::avro
