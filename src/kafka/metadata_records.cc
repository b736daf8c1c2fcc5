#include "kafka/metadata_records.h"

#include "kafka/codec.h"

namespace sluice::kafka {

template struct Codec<RegisterBrokerRecord>;
template struct Codec<UnfenceBrokerRecord>;
template struct Codec<TopicRecord>;
template struct Codec<PartitionRecord>;
template struct Codec<ConfigRecord>;
template struct Codec<PartitionChangeRecord>;
template struct Codec<RemoveTopicRecord>;
template struct Codec<FeatureLevelRecord>;
template struct Codec<ProducerIdsRecord>;
template struct Codec<ClientQuotaRecord>;
template struct Codec<UserScramCredentialRecord>;
template struct Codec<RemoveUserScramCredentialRecord>;
template struct Codec<AccessControlEntryRecord>;
template struct Codec<RemoveAccessControlEntryRecord>;
template struct Codec<NoOpRecord>;

}  // namespace sluice::kafka
