#pragma once
// Options made the same for every spelling of one meaning.

#include <string_view>

#include "protobuf/elements.h"

namespace google::protobuf {
class DescriptorPool;
}

namespace sluice::protobuf {

// Names of extensions qualified, as seen from `scope` (a full name, may be empty); (a).b = 1 as (a) = {b: 1}; options
// of one name that cannot repeat merged; sorted by name.
void normalize(Options& options, const google::protobuf::DescriptorPool& pool, std::string_view scope);
void normalize(OptionValue& value, const google::protobuf::DescriptorPool& pool, std::string_view scope);

}  // namespace sluice::protobuf
