// Records of a topic, a line each: the key, a tab, the value; no tab is a deletion. Any are taken. The keys that are
// there then are written as they were read, and an id belongs to one content.

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "registry/state.h"
#include "registry/subject_name.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, unsigned long size) {
  using namespace sluice::registry;  // NOLINT: the fuzzer's entry must be global
  std::string_view rest{reinterpret_cast<const char*>(data), size};
  State state;
  while (!rest.empty()) {
    const auto line = rest.substr(0, std::min(rest.find('\n'), rest.size()));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const auto tab = line.find('\t');
    state.apply(line.substr(0, tab), tab == std::string_view::npos ? std::nullopt : std::optional(line.substr(tab + 1)),
                0);
  }
  for (const auto& [subject, entries] : state.subjects()) {
    if (entries.empty()) std::abort();
    for (const auto& entry : entries) {
      const Key key{KeyType::schema, subject, entry.number};
      if (Key::parse(key.bytes()) != key) std::abort();
      const auto value =
          parse_schema_value(schema_value(subject, entry.number, {entry.id, entry.deleted, *entry.content}));
      if (!value || value->content != *entry.content || value->id != entry.id) std::abort();
      const auto there = state.content(SubjectName::parse(subject).context, entry.id);
      if (there == nullptr || *there != *entry.content) std::abort();
    }
  }
  return 0;
}
