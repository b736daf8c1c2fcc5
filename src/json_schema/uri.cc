#include "json_schema/uri.h"

#include <cctype>

namespace sluice::json_schema {
namespace {

struct Uri {
  std::string_view scheme, authority, path, query, fragment;  // each with its delimiter: "http:", "//host", "?q", "#f"
};

Uri split(std::string_view text) {
  Uri uri;
  const auto cut = [&](std::size_t at) {
    const auto part = text.substr(0, at);
    text.remove_prefix(part.size());
    return part;
  };
  if (const auto hash = text.find('#'); hash != std::string_view::npos) {
    uri.fragment = text.substr(hash);
    text = text.substr(0, hash);
  }
  if (const auto question = text.find('?'); question != std::string_view::npos) {
    uri.query = text.substr(question);
    text = text.substr(0, question);
  }
  const auto colon = text.find(':');
  const bool has_scheme = colon != std::string_view::npos && colon > 0 && text.find('/') > colon &&
                          std::isalpha(static_cast<unsigned char>(text[0])) != 0;
  if (has_scheme) uri.scheme = cut(colon + 1);
  if (text.starts_with("//")) uri.authority = cut(text.find('/', 2));
  uri.path = text;
  return uri;
}

std::string without_dots(std::string_view path) {
  std::vector<std::string_view> kept;
  const bool rooted = path.starts_with('/');
  if (rooted) path.remove_prefix(1);
  for (bool last = false; !last;) {
    const auto slash = path.find('/');
    const auto segment = path.substr(0, slash);
    last = slash == std::string_view::npos;
    if (!last) path.remove_prefix(slash + 1);
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (segment != ".") {
      kept.push_back(segment);
      continue;
    }
    if (last) kept.emplace_back();  // "a/.." is a folder
  }
  std::string out = rooted ? "/" : "";
  for (std::size_t i = 0; i < kept.size(); ++i) (out += kept[i]) += i + 1 < kept.size() ? "/" : "";
  return out;
}

std::string joined(std::string_view scheme, std::string_view authority, std::string_view path, std::string_view query,
                   std::string_view fragment) {
  std::string out;
  for (const auto part : {scheme, authority, path, query, fragment}) out += part;
  return out;
}

}  // namespace

std::string resolve_uri(std::string_view base_text, std::string_view reference) {
  const auto base = split(base_text), given = split(reference);
  if (!given.scheme.empty()) return joined(given.scheme, given.authority, given.path, given.query, given.fragment);
  if (!given.authority.empty()) {
    return joined(base.scheme, given.authority, without_dots(given.path), given.query, given.fragment);
  }
  if (given.path.empty()) {
    return joined(base.scheme, base.authority, base.path, given.query.empty() ? base.query : given.query, given.fragment);
  }
  std::string path(given.path);
  if (!path.starts_with('/')) {
    const auto folder = base.path.rfind('/');
    if (folder != std::string_view::npos) {
      path = std::string(base.path.substr(0, folder + 1)) + path;
    } else if (!base.authority.empty()) {
      path = "/" + path;
    }
  }
  return joined(base.scheme, base.authority, without_dots(path), given.query, given.fragment);
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  const auto digit = [](char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0 ? c - '0' : (c | 0x20) - 'a' + 10;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() &&
                        std::isxdigit(static_cast<unsigned char>(text[i + 1])) != 0 &&
                        std::isxdigit(static_cast<unsigned char>(text[i + 2])) != 0;
    out += escape ? static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])) : text[i];
    if (escape) i += 2;
  }
  return out;
}

std::vector<std::string> pointer_tokens(std::string_view pointer) {
  std::vector<std::string> tokens;
  for (std::size_t i = 0; i < pointer.size(); ++i) {
    const char c = pointer[i];
    if (c == '/' || tokens.empty()) {
      tokens.emplace_back();
    } else if (c == '~' && i + 1 < pointer.size() && (pointer[i + 1] == '0' || pointer[i + 1] == '1')) {
      tokens.back() += pointer[++i] == '0' ? '~' : '/';
    } else {
      tokens.back() += c;
    }
  }
  return tokens;
}

std::string pointer_token(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace sluice::json_schema
