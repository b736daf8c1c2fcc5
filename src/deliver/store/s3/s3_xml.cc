#include "deliver/store/s3/s3_xml.h"

#include <charconv>
#include <pugixml.hpp>
#include <sstream>

namespace sluice::deliver::store::s3 {

namespace {

constexpr unsigned kParse = pugi::parse_default | pugi::parse_ws_pcdata_single;  // a key may be a space

Error not_ours(const std::string& wanted) {
  return {.code = ErrorCode::corrupt,
          .message = "the answer is no " + wanted,
          .hint = "check that the endpoint is an S3 server"};
}

Result<pugi::xml_node> root_of(pugi::xml_document& document, ByteView xml, const std::string& name) {
  if (!document.load_buffer(xml.data(), xml.size(), kParse)) return not_ours(name);
  const auto root = document.document_element();
  if (root.name() != name) return not_ours(name);
  return root;
}

std::string text_of(const pugi::xml_node& node, const char* name) { return node.child_value(name); }

template <typename T>
Result<T> number_of(const pugi::xml_node& node, const char* name) {
  const std::string_view text = node.child_value(name);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return not_ours(std::string("number: ") + name);
  return value;
}

// The marker of the next page, when there is one.
Result<std::optional<std::string>> next_of(const pugi::xml_node& root, const char* name) {
  if (text_of(root, "IsTruncated") != "true") return std::optional<std::string>{};
  auto next = text_of(root, name);
  if (next.empty()) return not_ours(std::string("page with ") + name);
  return std::optional(std::move(next));
}

}  // namespace

std::optional<ErrorBody> parse_error(ByteView xml) {
  pugi::xml_document document;
  const auto root = root_of(document, xml, "Error");
  if (!root.ok()) return std::nullopt;
  return ErrorBody{text_of(*root, "Code"), text_of(*root, "Message"), text_of(*root, "Region"),
                   text_of(*root, "ServerTime")};
}

Result<ObjectPage> parse_objects(ByteView xml) {
  pugi::xml_document document;
  SLUICE_TRY(const auto root, root_of(document, xml, "ListBucketResult"));
  ObjectPage page;
  for (const auto& one : root.children("Contents")) page.keys.push_back(text_of(one, "Key"));
  for (const auto& one : root.children("CommonPrefixes")) page.prefixes.push_back(text_of(one, "Prefix"));
  SLUICE_TRY(page.next, next_of(root, "NextContinuationToken"));
  return page;
}

Result<UploadPage> parse_uploads(ByteView xml) {
  pugi::xml_document document;
  SLUICE_TRY(const auto root, root_of(document, xml, "ListMultipartUploadsResult"));
  UploadPage page;
  for (const auto& one : root.children("Upload")) {
    page.uploads.push_back({text_of(one, "Key"), text_of(one, "UploadId")});
    if (page.uploads.back().id.empty()) return not_ours("upload with an id");
  }
  SLUICE_TRY(const auto next, next_of(root, "NextKeyMarker"));
  if (next) page.next = {*next, text_of(root, "NextUploadIdMarker")};
  return page;
}

Result<PartPage> parse_parts(ByteView xml) {
  pugi::xml_document document;
  SLUICE_TRY(const auto root, root_of(document, xml, "ListPartsResult"));
  PartPage page;
  for (const auto& one : root.children("Part")) {
    Part part;
    SLUICE_TRY(part.number, number_of<int>(one, "PartNumber"));
    SLUICE_TRY(part.size, number_of<std::uint64_t>(one, "Size"));
    part.etag = text_of(one, "ETag");
    page.parts.push_back(std::move(part));
  }
  SLUICE_TRY(page.next, next_of(root, "NextPartNumberMarker"));
  return page;
}

Result<std::string> parse_upload_id(ByteView xml) {
  pugi::xml_document document;
  SLUICE_TRY(const auto root, root_of(document, xml, "InitiateMultipartUploadResult"));
  auto id = text_of(root, "UploadId");
  if (id.empty()) return not_ours("upload with an id");
  return id;
}

std::string completion_of(const std::vector<Part>& parts) {
  pugi::xml_document document;
  auto root = document.append_child("CompleteMultipartUpload");
  root.append_attribute("xmlns") = "http://s3.amazonaws.com/doc/2006-03-01/";
  for (const auto& part : parts) {
    auto one = root.append_child("Part");
    one.append_child("PartNumber").text() = part.number;
    one.append_child("ETag").text() = part.etag.c_str();
  }
  std::ostringstream out;
  document.save(out, "", pugi::format_raw | pugi::format_no_declaration);
  return out.str();
}

}  // namespace sluice::deliver::store::s3
