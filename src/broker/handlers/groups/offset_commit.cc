#include "broker/errors.h"
#include "broker/handler.h"
#include "broker/handlers/groups/commits.h"
#include "kafka/offset_messages.h"

namespace sluice::broker {

namespace {

void handle(const CallPtr& call, const kafka::OffsetCommitRequest& request,
            const Reply<kafka::OffsetCommitResponse>& reply) {
  const node::Committer who{request.group_id, request.member_id, request.group_instance_id,
                            request.generation_id_or_member_epoch};
  commit_offsets<kafka::OffsetCommitResponse>(call, request.topics, who, std::nullopt, reply);
}

}  // namespace

extern constinit const Api kOffsetCommit = api<kafka::OffsetCommitRequest, &handle>({2, 9});

}  // namespace sluice::broker
