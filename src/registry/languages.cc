#include "registry/languages.h"

#include "registry/avro_language.h"
#include "registry/json_language.h"
#include "registry/protobuf_language.h"

namespace sluice::registry {

Languages all_languages() { return {json_language(), protobuf_language(), avro_language()}; }

}  // namespace sluice::registry
