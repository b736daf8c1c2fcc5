#pragma once
// What is done to a file between reading and building it.

#include <set>
#include <string>

#include "base/result.h"

namespace google::protobuf {
class FileDescriptorProto;
}

namespace sluice::protobuf {

// Takes the options whose first part has one of these names ("(a.b)", "deprecated") from every element.
void leave_out(google::protobuf::FileDescriptorProto& file, const std::set<std::string>& names);

// A registry that stores a descriptor writes its maps as messages with the option map_entry, which protoc does not let
// anybody set: it is set here, before the library sees it.
void mark_map_entries(google::protobuf::FileDescriptorProto& file);

// Errors: rejected, when ranges end before they begin, or are so many that the library, which compares each with every
// other, would take seconds.
[[nodiscard]] Result<void> check_ranges(const google::protobuf::FileDescriptorProto& file);

}  // namespace sluice::protobuf
