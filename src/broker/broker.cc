#include "broker/broker.h"

#include "base/trace.h"
#include "broker/apis.h"
#include "broker/handler.h"
#include "kafka/metadata_messages.h"

namespace sluice::broker {

class Broker::State {
 public:
  State(node::Node& node, BrokerOptions options) : node_(node), options_(std::move(options)) {}

  void serve(const std::shared_ptr<io::Connection>& connection, Bytes frame, io::Responder responder) {
    ByteReader in{frame};
    auto header = kafka::decode_request_header(in);
    if (!header.ok()) return refuse(*connection, header.error().message, std::move(responder));
    const auto* api = find_api(header->key);
    if (api == nullptr || !api->versions.contains(header->version)) {
      return out_of_range(*connection, *header, std::move(responder));
    }
    const bool flexible = header->version >= api->flexible;
    if (flexible) kafka::skip_tagged_fields(in);
    const auto body_at = frame.size() - in.remaining();
    auto out =
        std::make_shared<Outgoing>(std::move(responder), header->correlation_id, api->key, header->version, flexible);
    // The frame moves into the call first: what is decoded points into it.
    const auto call = std::make_shared<const Call>(Call{node_, options_, worker_, connection, advertised(*connection),
                                                        connection->peer().host, std::move(*header), std::move(frame)});
    if (!in.ok()) return refuse(*connection, "a request ends within its header", *out);
    const auto served = api->serve(call, ByteReader{ByteView{call->frame}.substr(body_at)}, api->runs, out);
    if (!served.ok()) refuse(*connection, served.error().message, *out);
  }

 private:
  [[nodiscard]] io::Address advertised(const io::Connection& connection) const {
    const auto number = connection.listener();
    return number < options_.advertise.size() ? options_.advertise[number].value_or(connection.local()) : connection.local();
  }

  static void note_refusal(const io::Connection& connection, const std::string& why) {
    trace::warn("broker", "closing the connection of " + connection.peer().text() + ": " + why);
  }
  static void refuse(const io::Connection& connection, const std::string& why, io::Responder responder) {
    note_refusal(connection, why);
    std::move(responder).close();
  }
  static void refuse(const io::Connection& connection, const std::string& why, Outgoing& out) {
    note_refusal(connection, why);
    out.close();
  }

  // A client that asks for ApiVersions in a version of the future gets version 0 and what we speak (KIP-511).
  static void out_of_range(const io::Connection& connection, const kafka::RequestHeader& header,
                           io::Responder responder) {
    if (header.key != kafka::ApiKey::api_versions) {
      return refuse(connection,
                    std::string(to_string(header.key)) + " (key " + std::to_string(static_cast<int>(header.key)) +
                        ") version " + std::to_string(header.version) + " is not served",
                    std::move(responder));
    }
    const auto out =
        std::make_shared<Outgoing>(std::move(responder), header.correlation_id, header.key, kafka::Version{0}, false);
    const auto* api = find_api(kafka::ApiKey::api_versions);
    kafka::ApiVersionsResponse response;
    response.error_code = kafka::Code::unsupported_version;
    response.api_keys = {{static_cast<std::int16_t>(api->key), api->versions.min, api->versions.max}};
    Reply<kafka::ApiVersionsResponse>{out}(response);
  }

  node::Node& node_;
  BrokerOptions options_;
  Worker worker_;
};

Broker::Broker(node::Node& node, BrokerOptions options) : state_(std::make_unique<State>(node, std::move(options))) {}
Broker::~Broker() = default;

void Broker::on_request(const std::shared_ptr<io::Connection>& connection, Bytes request, io::Responder responder) {
  state_->serve(connection, std::move(request), std::move(responder));
}

Bytes Outgoing::begin() const {
  Bytes frame(sizeof(std::int32_t), '\0');
  kafka::encode_response_header(correlation_id_, key_, flexible_, frame);
  return frame;
}

void Outgoing::send(Bytes frame, const std::vector<kafka::Cut>& cuts, std::vector<io::FileSlice> slices) {
  if (!first()) return;
  SLUICE_CHECK(cuts.size() == slices.size());
  auto total = frame.size() - sizeof(std::int32_t);
  for (const auto& cut : cuts) total += cut.bytes;
  store_be<std::int32_t>(frame.data(), static_cast<std::int32_t>(total));
  io::Answer answer;
  if (cuts.empty()) {
    answer.emplace_back(std::move(frame));
  } else {
    std::size_t from = 0;
    for (std::size_t i = 0; i < cuts.size(); ++i) {
      SLUICE_CHECK(cuts[i].bytes == slices[i].length);
      answer.emplace_back(frame.substr(from, cuts[i].at - from));
      answer.emplace_back(std::move(slices[i]));
      from = cuts[i].at;
    }
    answer.emplace_back(frame.substr(from));
  }
  std::move(responder_).answer(std::move(answer));
}

void Outgoing::nothing() {
  if (first()) std::move(responder_).nothing();
}

void Outgoing::close() {
  if (first()) std::move(responder_).close();
}

void Outgoing::fail(const Error& error) {
  trace::error("broker", "an answer cannot be encoded: " + error.text());
  close();
}

}  // namespace sluice::broker
