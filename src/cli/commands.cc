#include "cli/commands.h"

#include <array>
#include <utility>

namespace sluice::cli {
namespace {

// What interface.md reserves for later versions.
constexpr auto kReserved = std::to_array<Reserved>({
    {"topic", "set add-partitions trim"},
    {"source", "check snapshot pause resume"},
    {"sink", "compact"},
    {"view", "promote rollback"},
    {"group", "list show seek delete"},
    {"txn", "list show abort"},
    {"broker", "show set disks"},
    {"user", ""},
    {"acl", ""},
    {"quota", ""},
    {"try", ""},
    {"history", ""},
    {"dlq", "list show edit retry delete"},
    {"plan", ""},
    {"apply", ""},
    {"migrate", ""},
    {"collector", ""},
    {"follower", ""},
    {"policy", ""},
    {"lineage", "show"},
    {"profile", ""},
});

}  // namespace

std::span<const Reserved> reserved_commands() { return kReserved; }

std::vector<Command> all_commands(const Globals& globals) {
  std::vector<Command> all;
  const auto add = [&all](auto&& commands) {
    for (auto& command : commands) all.push_back(std::move(command));
  };
  all.push_back(serve_command(globals));
  all.push_back(demo_command(globals));
  all.push_back(check_command(globals));
  all.push_back(status_command(globals));
  all.push_back(verify_command(globals));
  all.push_back(consume_command(globals));
  all.push_back(produce_command(globals));
  all.push_back(dump_command(globals));
  add(topic_commands(globals));
  add(schema_commands(globals));
  add(source_commands(globals));
  add(export_commands(globals));
  add(avro_commands(globals));
  add(sink_commands(globals));
  all.push_back(sql_command(globals));
  add(view_commands(globals));
  all.push_back(version_command(globals));
  all.push_back(completion_command(globals));
  all.push_back(reference_command(globals));
  return all;
}

}  // namespace sluice::cli
