#include "protobuf/source.h"

#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/strutil.h>

#include <algorithm>
#include <set>

#include "protobuf/file_edits.h"
#include "protobuf/schema.h"
#include "protobuf/tokens.h"

namespace sluice::protobuf {
namespace pb = google::protobuf;

namespace {

// The library complains on the standard error output of a file without a syntax statement: it gets one, on the first
// line.
constexpr std::string_view kAbsentSyntax = "syntax=\"proto2\";";
constexpr int kMaxErrors = 10;  // told of one file
constexpr int kMaxRounds = 8;   // of leaving out options that are unknown

struct Complaint {
  std::string text;
  bool unknown_option = false;
  std::string option = {};  // the first part of its name, with parentheses if it has them
};

Error refusal(const std::vector<Complaint>& complaints) {
  Error error{ErrorCode::rejected, complaints.empty() ? "the schema was refused" : complaints.front().text};
  for (std::size_t i = 1; i < complaints.size(); ++i) error.detail += (i > 1 ? "\n" : "") + complaints[i].text;
  return error;
}

// The way of field numbers and indexes from `from` down to `wanted`.
bool find_path(const pb::Message& from, const pb::Message* wanted, std::vector<int>& path) {
  if (&from == wanted) return true;
  const auto* reflection = from.GetReflection();
  std::vector<const pb::FieldDescriptor*> fields;
  reflection->ListFields(from, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    path.push_back(field->number());
    for (int i = 0; field->is_repeated() && i < reflection->FieldSize(from, field); ++i) {
      path.push_back(i);
      if (find_path(reflection->GetRepeatedMessage(from, field, i), wanted, path)) return true;
      path.pop_back();
    }
    if (!field->is_repeated() && find_path(reflection->GetMessage(from, field), wanted, path)) return true;
    path.pop_back();
  }
  return false;
}

// Where the parts of a file stand in its text.
struct Places {
  pb::compiler::SourceLocationTable table;
  pb::SourceCodeInfo info;
  int inserted = 0;  // columns before the first line

  std::string at(int line, int column) const {
    const int shift = line == 0 ? inserted : 0;
    return "line " + std::to_string(line + 1) + ", column " + std::to_string(std::max(column - shift, 0) + 1) + ": ";
  }
  // Of the element, or the smallest around it that has a place; "": none.
  std::string around(const pb::FileDescriptorProto& file, const pb::Message* element) const;
};

std::string Places::around(const pb::FileDescriptorProto& file, const pb::Message* element) const {
  std::vector<int> path;
  if (!find_path(file, element, path)) return {};
  for (; !path.empty(); path.pop_back()) {
    for (const auto& location : info.location()) {
      if (std::ranges::equal(location.path(), path)) return at(location.span(0), location.span(1));
    }
  }
  return {};
}

class ParseErrors : public pb::io::ErrorCollector {
 public:
  explicit ParseErrors(const Places& places) : places_(places) {}
  void AddError(int line, pb::io::ColumnNumber column, const std::string& message) override {
    if (complaints.size() < kMaxErrors) complaints.push_back({places_.at(line, column) + message});
  }
  std::vector<Complaint> complaints;

 private:
  const Places& places_;
};

class BuildErrors : public pb::DescriptorPool::ErrorCollector {
 public:
  BuildErrors(const pb::FileDescriptorProto& file, const Places& places) : file_(file), places_(places) {}
  void AddError(const std::string& file, const std::string& element, const pb::Message* descriptor,
                ErrorLocation location, const std::string& message) override {
    // Options count without a bound, or some that are unknown would be missed.
    constexpr std::string_view kUnknown = "\" unknown. ";
    const auto end = message.find(kUnknown);
    const bool unknown = location == OPTION_NAME && message.starts_with("Option \"") && end != std::string::npos;
    if (!unknown && complaints.size() >= kMaxErrors) return;
    std::string where;
    if (int line = 0, column = 0; places_.table.Find(descriptor, location, &line, &column)) {
      where = places_.at(line, column);
    } else if (complaints.size() < kMaxErrors) {
      where = places_.around(file_, descriptor);
    }
    const auto subject = element.empty() || element == file ? std::string() : element + ": ";
    complaints.push_back({where + subject + message, unknown, unknown ? message.substr(8, end - 8) : ""});
  }
  std::vector<Complaint> complaints;

 private:
  const pb::FileDescriptorProto& file_;
  const Places& places_;
};

bool looks_like_base64(std::string_view text) {
  return !text.empty() && text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") ==
                              std::string_view::npos;
}

}  // namespace

struct Source::State {
  pb::FileDescriptorProto file;
  Places places;
  bool is_text = true;

  Result<void> parse(std::string_view text);
  Result<void> decode(std::string_view text);
  std::vector<std::string> leave_out_missing_imports(const pb::DescriptorPool& pool);
  Error missing(const std::string& import, std::vector<Complaint> complaints) const;
};

Source::Source(std::unique_ptr<State> state) : state_(std::move(state)) {}
Source::~Source() = default;
Source::Source(Source&&) noexcept = default;
Source& Source::operator=(Source&&) noexcept = default;
bool Source::is_text() const { return state_->is_text; }

Result<void> Source::State::parse(std::string_view text) {
  if (const int depth = bracket_depth(text); depth > kMaxDepth) {
    return Error{ErrorCode::rejected, "brackets are nested " + std::to_string(depth) + " deep; at most " +
                                          std::to_string(kMaxDepth) + " are taken"};
  }
  const std::string_view before = Tokens(text).at("syntax") ? std::string_view() : kAbsentSyntax;
  places.inserted = static_cast<int>(before.size());
  pb::io::ArrayInputStream head(before.data(), places.inserted);
  pb::io::ArrayInputStream body(text.data(), static_cast<int>(text.size()));
  pb::io::ZeroCopyInputStream* const streams[] = {&head, &body};
  pb::io::ConcatenatingInputStream whole(streams, 2);
  ParseErrors errors(places);
  pb::io::Tokenizer tokenizer(&whole, &errors);
  pb::compiler::Parser parser;
  parser.RecordErrorsTo(&errors);
  parser.RecordSourceLocationsTo(&places.table);
  if (!parser.Parse(&tokenizer, &file) || !errors.complaints.empty()) return refusal(errors.complaints);
  mark_map_entries(file);
  return {};
}

Result<void> Source::State::decode(std::string_view text) {
  is_text = false;
  std::string bytes;
  if (!pb::Base64Unescape(pb::StringPiece(text.data(), text.size()), &bytes) || !file.ParseFromString(bytes)) {
    return Error{ErrorCode::rejected,
                 "the schema is neither a .proto text nor a FileDescriptorProto in base64",
                 {},
                 "Send the text of a .proto file, or one serialized FileDescriptorProto in standard base64."};
  }
  return {};
}

Result<Source> Source::read(std::string_view text, const std::string& name) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  auto state = std::make_unique<State>();
  SLUICE_RETURN_IF_ERROR(looks_like_base64(text) ? state->decode(text) : state->parse(text));
  state->file.set_name(name);
  state->places.info.Swap(state->file.mutable_source_code_info());
  state->file.clear_source_code_info();
  SLUICE_RETURN_IF_ERROR(check_ranges(state->file));
  return Source(std::move(state));
}

// Takes imports that the pool does not have out of the file; returns their paths.
std::vector<std::string> Source::State::leave_out_missing_imports(const pb::DescriptorPool& pool) {
  std::vector<std::string> missing;
  const pb::FileDescriptorProto whole = file;
  const std::set<int> publics(whole.public_dependency().begin(), whole.public_dependency().end());
  const std::set<int> weak(whole.weak_dependency().begin(), whole.weak_dependency().end());
  file.clear_dependency();
  file.clear_public_dependency();
  file.clear_weak_dependency();
  for (int i = 0; i < whole.dependency_size(); ++i) {
    if (pool.FindFileByName(whole.dependency(i)) == nullptr) {
      missing.push_back(whole.dependency(i));
      continue;
    }
    const int index = file.dependency_size();
    file.add_dependency(whole.dependency(i));
    if (publics.contains(i)) file.add_public_dependency(index);
    if (weak.contains(i)) file.add_weak_dependency(index);
  }
  return missing;
}

Error Source::State::missing(const std::string& import, std::vector<Complaint> complaints) const {
  std::string where;
  if (int line = 0, column = 0; places.table.FindImport(&file, import, &line, &column)) where = places.at(line, column);
  complaints.insert(complaints.begin(), {where + "import \"" + import + "\" is not found among the references"});
  auto error = refusal(complaints);
  error.hint = "Register the imported file under a subject and list it in \"references\" with name \"" + import + "\".";
  return error;
}

Result<const pb::FileDescriptor*> Source::build(pb::DescriptorPool& pool) {
  auto& state = *state_;
  const auto missing = state.leave_out_missing_imports(pool);
  for (int round = 0;; ++round) {
    BuildErrors errors(state.file, state.places);
    if (const auto* file = pool.BuildFileCollectingErrors(state.file, &errors); file != nullptr) return file;
    const bool only_options = std::ranges::all_of(errors.complaints, &Complaint::unknown_option);
    if (!only_options || errors.complaints.empty() || round == kMaxRounds) {
      std::erase_if(errors.complaints,
                    [&](const auto& complaint) { return !only_options && complaint.unknown_option; });
      if (errors.complaints.size() > kMaxErrors) errors.complaints.resize(kMaxErrors);
      const bool lacks = std::ranges::any_of(errors.complaints, [](const auto& found) {
        return found.unknown_option || found.text.find("is not defined") != std::string::npos;
      });
      if (missing.empty() || !lacks) return refusal(errors.complaints);
      return state.missing(missing.front(), std::move(errors.complaints));
    }
    std::set<std::string> unknown;
    for (const auto& complaint : errors.complaints) unknown.insert(complaint.option);
    leave_out(state.file, unknown);
  }
}

}  // namespace sluice::protobuf
