#include "broker/handler.h"
#include "kafka/metadata_messages.h"

namespace sluice::broker {

namespace {

void handle(const CallPtr& call, const kafka::DescribeClusterRequest& request,
            const Reply<kafka::DescribeClusterResponse>& reply) {
  constexpr std::int8_t kBrokers = 1;
  kafka::DescribeClusterResponse response;
  response.endpoint_type = request.endpoint_type;
  if (request.endpoint_type != kBrokers) {
    response.error_code = kafka::Code::mismatched_endpoint_type;
    response.error_message = "this is a broker's endpoint";
    return reply(response);
  }
  response.cluster_id = call->node.cluster_id();
  response.controller_id = call->node.node_id();
  response.brokers = {
      {.broker_id = call->node.node_id(), .host = call->advertised.host, .port = call->advertised.port}};
  reply(response);
}

}  // namespace

extern constinit const Api kDescribeCluster = api<kafka::DescribeClusterRequest, &handle>({0, 2});

}  // namespace sluice::broker
