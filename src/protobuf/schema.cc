#include "protobuf/schema.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/stubs/strutil.h>

#include "base/check.h"
#include "protobuf/descriptor_elements.h"
#include "protobuf/element_reader.h"
#include "protobuf/known_types.h"
#include "protobuf/model.h"
#include "protobuf/normalize.h"
#include "protobuf/printer.h"
#include "protobuf/source.h"

namespace sluice::protobuf {
namespace pb = google::protobuf;

namespace {

Result<void> check_size(std::size_t bytes, std::size_t bound, const char* what) {
  if (bytes <= bound) return {};
  return Error{ErrorCode::rejected, std::string(what) + std::to_string(bytes) + " bytes long; at most " +
                                        std::to_string(bound) + " are taken"};
}

Result<void> add_imports(pb::DescriptorPool& pool, std::span<const Import> imports) {
  std::size_t bytes = 0;
  for (const auto& import : imports) bytes += import.text.size();
  SLUICE_RETURN_IF_ERROR(check_size(bytes, kMaxImportBytes, "the schema's references together are "));
  for (const auto& [path, text] : imports) {
    if (is_known_file(path) || pool.FindFileByName(path) != nullptr) continue;
    const auto added = check_size(text.size(), kMaxTextBytes, "the text is ")
                           .and_then([&] { return Source::read(text, path); })
                           .and_then([&](Source source) { return source.build(pool); });
    if (!added.ok()) return Error(added.error()).in("reference \"" + path + "\"");
  }
  return {};
}

// A name that no import has.
std::string own_name(std::span<const Import> imports) {
  std::string name = "default";
  for (bool taken = true; taken;) {
    taken = false;
    for (const auto& import : imports) taken = taken || import.path == name;
    if (taken) name += "_";
  }
  return name;
}

bool is_empty(const pb::FileDescriptor& file) {
  return file.message_type_count() + file.enum_type_count() + file.extension_count() + file.service_count() +
             file.public_dependency_count() ==
         0;
}

void drop_custom(Options& options) {
  std::erase_if(options,
                [](const OptionElement& option) { return option.custom && !option.name.starts_with("confluent."); });
}

template <typename Element>
void drop_extensions(std::vector<Element>& elements);

void drop_extensions(FieldElement& element) { drop_custom(element.options); }
void drop_extensions(EnumValueElement& element) { drop_custom(element.options); }
void drop_extensions(RpcElement& element) { drop_custom(element.options); }
void drop_extensions(EnumElement& element) {
  drop_custom(element.options);
  drop_extensions(element.values);
}
void drop_extensions(ServiceElement& element) {
  drop_custom(element.options);
  drop_extensions(element.rpcs);
}
void drop_extensions(GroupElement& element);
void drop_extensions(OneofElement& element) {
  drop_custom(element.options);
  drop_extensions(element.fields);
  drop_extensions(element.groups);
}
void drop_extensions(MessageElement& element) {
  drop_custom(element.options);
  element.extensions.clear();
  element.extends.clear();
  drop_extensions(element.fields);
  drop_extensions(element.oneofs);
  drop_extensions(element.groups);
  drop_extensions(element.messages);
  drop_extensions(element.enums);
}
void drop_extensions(GroupElement& element) {
  drop_custom(element.options);
  drop_extensions(element.body);
}

template <typename Element>
void drop_extensions(std::vector<Element>& elements) {
  for (auto& element : elements) drop_extensions(element);
}

// The text is one that we printed.
FileElement elements(const Model& model) {
  auto element = read_elements(model.text);
  SLUICE_CHECK(element.has_value());
  return *std::move(element);
}

}  // namespace

Model::Model() = default;
Model::~Model() = default;
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;

Result<Schema> Schema::parse(std::string_view text, std::span<const Import> imports) {
  SLUICE_RETURN_IF_ERROR(check_size(text.size(), kMaxTextBytes, "the schema is "));
  const pb::LogSilencer silence;  // what it would print, strings that are no UTF-8 say, is no error of ours
  Model model;
  model.pool = std::make_unique<pb::DescriptorPool>(&known_types());
  SLUICE_RETURN_IF_ERROR(add_imports(*model.pool, imports));
  SLUICE_TRY(auto source, Source::read(text, own_name(imports)));
  SLUICE_TRY(model.file, source.build(*model.pool));
  if (is_empty(*model.file))
    return Error{ErrorCode::rejected, "the schema defines no message, enum, extension or service"};

  if (source.is_text()) {
    const auto element = read_elements(text.starts_with("\xEF\xBB\xBF") ? text.substr(3) : text);
    if (!element)
      return Error{ErrorCode::unsupported, "the schema holds a statement or an option that is not understood"};
    model.text = print(*element);
  } else {
    // What is stored must be read again after a restart: a descriptor may say what no text can.
    model.text = print(elements_of(*model.file));
    const auto again = parse(model.text, imports);
    if (!again.ok()) return Error(again.error()).in("the descriptor, written as text");
  }
  SLUICE_RETURN_IF_ERROR(
      check_size(model.text.size(), kMaxTextBytes, "the schema, in the layout in which it is stored, is "));
  return Schema(std::make_shared<const Model>(std::move(model)));
}

const std::string& Schema::text() const { return model_->text; }

std::string Schema::normalized() const {
  auto element = elements(*model_);
  normalize(element, *model_->file);
  return print(element);
}

std::string Schema::without_extensions() const {
  auto element = elements(*model_);
  drop_custom(element.options);
  element.extends.clear();
  drop_extensions(element.messages);
  drop_extensions(element.enums);
  drop_extensions(element.services);
  return print(element);
}

bool Schema::has_field(std::string_view name) const {
  return model_->file->message_type_count() > 0 &&
         model_->file->message_type(0)->FindFieldByName(std::string(name)) != nullptr;
}

std::string Schema::serialized() const {
  const pb::LogSilencer silence;
  pb::FileDescriptorProto proto;
  model_->file->CopyTo(&proto);
  std::string base64;
  pb::Base64Escape(proto.SerializeAsString(), &base64);
  return base64;
}

}  // namespace sluice::protobuf
