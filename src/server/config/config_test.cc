#include "server/config/config.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "server/config/scalars.h"
#include "server/metric_list.h"

namespace sluice::server {
namespace {

class ConfigFile : public ::testing::Test {
 protected:
  ConfigFile() {
    std::string name = (std::filesystem::temp_directory_path() / "sluice-config-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~ConfigFile() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    const auto path = folder_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }
  Result<Config> load(const std::string& text, ConfigFlags flags = {}, const Environment& environment = {}) {
    flags.config = write("sluice.yaml", text);
    return load_config(flags, environment);
  }
  std::string message(const std::string& text) {
    const auto config = load(text);
    return config.ok() ? "" : config.error().message.substr(folder_.size() + 1);
  }

  std::string folder_;
};

TEST_F(ConfigFile, AReloadTakesSinksAndNamesWhateverElseDiffers) {
  const std::string rest = "version: 1\nlisten: {kafka: [\"127.0.0.1:1\", \"127.0.0.1:2\"]}\ntopics: {a: {partitions: 2}}\n";
  const auto running = load(rest + "sinks: {lake: {to: ./a}}\nx-note: one\n");
  ASSERT_TRUE(running.ok()) << running.error();
  EXPECT_TRUE(check_reload(*running, *load(rest + "sinks: {lake: {to: ./b}, other: {to: ./c}}\n")).ok());
  EXPECT_TRUE(check_reload(*running, *load(rest + "x-note: two\n")).ok());
  const auto refused = check_reload(*running, *load("version: 1\nlisten: {kafka: \"127.0.0.1:1\"}\ntopics: {b: {}}\n"
                                                    "sources: {shop: {from: 'postgres://u@h/d'}}\n"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::rejected);
  for (const auto* key : {"listen.kafka", "sources.shop.from"}) {
    EXPECT_NE(refused.error().message.find(key), std::string::npos) << refused.error().message;
  }
  EXPECT_EQ(refused.error().message.find("sinks."), std::string::npos);
  const auto sink = load(rest + "sinks: {lake: {to: ./a}}\n")->sinks.front();
  EXPECT_EQ(sink, running->sinks.front());
  EXPECT_NE(sink, load(rest + "sinks: {lake: {to: ./a, roll: {rows: 5}}}\n")->sinks.front());
}

TEST_F(ConfigFile, ViewsAreFilesOfStatementsOrOneSelect) {
  write("web.sql", "CREATE TABLE clicks (a int) WITH (topic = 'c');\nCREATE MATERIALIZED VIEW v AS SELECT a FROM clicks;\n");
  write("one.sql", "-- why\nSELECT a\nFROM clicks;\n");
  write("many_a.sql", "SELECT 1 AS x FROM v");
  write("many_b.sql", "SELECT 2 AS x FROM v");
  const auto config = load("views:\n  web: {sql: web.sql}\n  it's: {sql: one.sql, emit: final, grace: 5 s}\n  all: {sql: many_*.sql}\n");
  ASSERT_TRUE(config.ok()) << config.error();
  ASSERT_EQ(config->views.size(), 4U);
  EXPECT_EQ(config->views[0].text.substr(0, 12), "CREATE TABLE");
  EXPECT_EQ(config->views[1].text, "CREATE MATERIALIZED VIEW \"it's\" WITH (emit = 'final', grace = '5 s') AS -- why\nSELECT a\nFROM clicks");
  EXPECT_EQ(config->views[1].file, folder_ + "/one.sql");
  EXPECT_EQ(config->views[2].text, "CREATE MATERIALIZED VIEW \"many_a\" AS SELECT 1 AS x FROM v");
  EXPECT_EQ(config->views[3].name, "many_b");
}

TEST_F(ConfigFile, WhatIsWrongInAViewsFileIsToldWithItsPlace) {
  write("bad.sql", "SELECT a\nFROM b GROUP BYE c");
  write("two.sql", "CREATE TABLE c ();\n SELECT 1");
  write("fine.sql", "CREATE TABLE c ()");
  EXPECT_EQ(message("views:\n  v: {sql: bad.sql}\n"), "bad.sql:2:14: syntax error at or near \"BYE\"");
  EXPECT_EQ(message("views:\n  v: {sql: two.sql}\n"), "two.sql:2:2: a SELECT among other statements defines nothing");
  EXPECT_EQ(message("views:\n  v: {sql: fine.sql, emit: final}\n").substr(0, 16), "sluice.yaml:2:6:");
  EXPECT_EQ(message("views:\n  v: {emit: final}\n").substr(0, 16), "sluice.yaml:2:6:");
  EXPECT_NE(message("views:\n  v: {sql: gone.sql}\n").find("gone.sql"), std::string::npos);
  EXPECT_NE(message("views:\n  v: {sql: gone*.sql}\n").find("there is no file"), std::string::npos);
  EXPECT_NE(message("views:\n  v: {sq: fine.sql}\n").find("did you mean 'sql'?"), std::string::npos);
}

TEST_F(ConfigFile, AReloadTakesUsersAndRightsButNoOtherListeners) {
  const std::string listen = "listen: {registry: [\"127.0.0.1:1\", {at: \"127.0.0.1:2\", auth: basic}]}\n";
  const auto running = load(listen + "security: {users: {a: {password: '${env:A}'}}}\n");
  ASSERT_TRUE(running.ok()) << running.error();
  EXPECT_TRUE(check_reload(*running, *load(listen + "security: {users: {a: {password: '${env:B}'}, b: {password: '${env:B}'}}, super_users: [b]}\n"
                                                    "registry: {rights: {a: {read: '*'}}}\n")).ok());
  const auto refused = check_reload(*running, *load("listen: {registry: [\"127.0.0.1:1\", {at: \"127.0.0.1:2\"}]}\nsecurity: {users: {a: {password: '${env:A}'}}}\n"));
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("listen.registry.1.auth"), std::string::npos) << refused.error().message;
}

TEST_F(ConfigFile, ListenersHaveCertificatesAndMayAskForPasswords) {
  const auto config = load("listen:\n"
                           "  kafka: {at: '0.0.0.0:9093', tls: public}\n"
                           "  registry: ['127.0.0.1:1', {at: '0.0.0.0:2', tls: public, auth: basic}]\n"
                           "security:\n"
                           "  tls: {public: {cert: c.pem, key: k.pem, client_ca: ca.pem}}\n"
                           "  users: {alice: {password: '${file:/run/alice}'}}\n"
                           "  super_users: alice\n"
                           "registry: {rights: {alice: {read: ['*'], write: 'shop.*'}}}\n");
  ASSERT_TRUE(config.ok()) << config.error();
  EXPECT_EQ(config->kafka.at(0).tls, "public");
  EXPECT_EQ(config->registry.at(0).tls, "");
  EXPECT_FALSE(config->registry.at(0).basic);
  EXPECT_TRUE(config->registry.at(1).basic);
  EXPECT_EQ(config->tls.at("public"), (io::TlsFiles{"c.pem", "k.pem", "ca.pem"}));
  EXPECT_EQ(config->users.at(0).password, "${file:/run/alice}");
  EXPECT_EQ(config->super_users, std::vector<std::string>{"alice"});
  EXPECT_EQ(config->rights.at(0).write, std::vector<std::string>{"shop.*"});
  EXPECT_TRUE(config->has_rights);
  EXPECT_FALSE(load("registry: {compatibility: FULL}\n")->has_rights);
  EXPECT_TRUE(load("registry: {rights: {}}\n")->has_rights) << "nobody has any";
  EXPECT_EQ(load("listen: {kafka: {at: '127.0.0.1:1', auth: scram}}\n").error().code, ErrorCode::unsupported);
}

TEST_F(ConfigFile, BareIsABrokerWithARegistryOnTheUsualPorts) {
  const auto config = load_config({}, {});
  ASSERT_TRUE(config.ok()) << config.error();
  EXPECT_EQ(config->kafka.at(0).at.text(), "127.0.0.1:9092");
  EXPECT_EQ(config->registry.at(0).at.text(), "127.0.0.1:8081");
  EXPECT_EQ(config->admin.at(0).at.text(), "127.0.0.1:8080");
  EXPECT_EQ(config->data, "./data");
  EXPECT_TRUE(config->sources.empty());
}

TEST_F(ConfigFile, ReadsWhatThisVersionKnows) {
  const auto config = load(R"(
version: 1
data: /var/lib/sluice
log: {at: embedded, keep_free: 5GiB}
listen:
  kafka: [{at: 127.0.0.1:9192}, 127.0.0.1:9193]
  admin: []
x-note: anything
topics:
  clicks: {partitions: 6, retention: 30d}
sources:
  shop:
    from: postgres://sluice@db/shop?sslmode=verify-full
    password: ${file:/run/secrets/shop}
    tables: [public.*, sales.orders]
    exclude: [public.tmp_*]
sinks:
  lake:
    topics: "shop.*"
    to: ./archive
    format: avro
    roll: {size: 64MB, after: 90s}
    hold: {bytes: 1GB}
)");
  ASSERT_TRUE(config.ok()) << config.error();
  EXPECT_EQ(config->keep_free_bytes, 5ULL << 30);
  EXPECT_EQ(config->kafka.size(), 2U);
  EXPECT_TRUE(config->admin.empty());
  EXPECT_EQ(config->topics.at(0).partitions, 6);
  EXPECT_EQ(config->topics.at(0).retention_ms, 30LL * 86'400'000);
  EXPECT_EQ(config->sources.at(0).tables, (std::vector<std::string>{"public.*", "sales.orders"}));
  EXPECT_EQ(config->sinks.at(0).roll_bytes, 64'000'000U);
  EXPECT_EQ(config->sinks.at(0).roll_after_ms, 90'000);
}

TEST_F(ConfigFile, ATopicHasASchemaThatStandsBesideTheFile) {
  write("click.avsc", R"({"type": "record", "name": "Click", "fields": []})");
  const auto config = load("topics:\n  clicks: {schema: click.avsc}\n");
  ASSERT_TRUE(config.ok()) << config.error();
  EXPECT_EQ(config->topics.at(0).schema->type, "AVRO");
  EXPECT_EQ(config->topics.at(0).schema->file, folder_ + "/click.avsc");
  EXPECT_EQ(message("topics:\n  clicks: {schema: click.txt}\n"),
            "sluice.yaml:2:20: the name of a schema file ends with .avsc, .json (JSON Schema) or .proto");
  EXPECT_EQ(message("topics:\n  clicks: {schema: none.avsc}\n").substr(0, 18), "sluice.yaml:2:20: ");
  write("wrong.avsc", R"({"type": "recrd"})");
  const auto wrong = message("topics:\n  clicks: {schema: wrong.avsc}\n");
  EXPECT_NE(wrong.find("wrong.avsc: "), std::string::npos) << wrong;
  EXPECT_NE(wrong.find("recrd"), std::string::npos) << wrong;
}

TEST_F(ConfigFile, AKafkaListenerAdvertisesAnotherAddress) {
  const auto config = load("listen: {kafka: ['127.0.0.1:1', {at: '0.0.0.0:2', advertise: 'kafka.example:9093'}, {at: '127.0.0.1:3', advertise: auto}]}\n");
  ASSERT_TRUE(config.ok()) << config.error();
  EXPECT_FALSE(config->kafka.at(0).advertise);
  EXPECT_EQ(config->kafka.at(1).advertise->text(), "kafka.example:9093");
  EXPECT_FALSE(config->kafka.at(2).advertise);
  for (const auto* address : {"kafka.example", ":9093", "[::]:9093", "kafka.example:0"}) {
    EXPECT_EQ(load("listen: {kafka: {at: '127.0.0.1:1', advertise: '" + std::string(address) + "'}}\n").error().code, ErrorCode::rejected) << address;
  }
  EXPECT_EQ(load("listen: {registry: {at: '127.0.0.1:1', advertise: 'a:1'}}\n").error().code, ErrorCode::rejected);
}

TEST_F(ConfigFile, ASinkHasAModeAndASchedule) {
  const auto config = load("sinks:\n  a: {to: ./a}\n  b: {to: ./b, mode: latest, every: 5min}\n");
  ASSERT_TRUE(config.ok()) << config.error();
  EXPECT_FALSE(config->sinks.at(0).latest);
  EXPECT_TRUE(config->sinks.at(1).latest);
  EXPECT_EQ(config->sinks.at(1).every_ms, 300'000);
  EXPECT_EQ(load("sinks:\n  b: {to: ./b, mode: newest}\n").error().code, ErrorCode::rejected);
  EXPECT_EQ(load("sinks:\n  b: {to: ./b, mode: latest, every: 0s}\n").error().code, ErrorCode::rejected);
  EXPECT_EQ(load("sinks:\n  b: {to: ./b, mode: latest, partition_by: '{region}'}\n").error().code, ErrorCode::rejected);
  const auto rules = load("sinks:\n  b: {to: ./b, mode: latest, where: id > 1, topics: [{topic: t, where: id > 2}, '*']}\n");
  ASSERT_TRUE(rules.ok()) << rules.error();
  EXPECT_EQ(rules->sinks.at(0).topics.at(0).where, "id > 2");
  EXPECT_EQ(rules->sinks.at(0).topics.at(1).where, "id > 1");
}

TEST_F(ConfigFile, ASinksTopicsHaveSettingsOfTheirOwn) {
  const auto config = load(R"(
sinks:
  lake:
    to: ./a
    topics: ["shop.*", {topic: clicks, partition_by: "dt={ts:%F}", where: "n > 5", columns: {exclude: [ip]}}, {topic: all, where: ""}]
    columns: {include: ["*"], exclude: [secret]}
    where: "region = 'EU'"
)");
  ASSERT_TRUE(config.ok()) << config.error();
  const auto& sink = config->sinks.at(0);
  EXPECT_EQ(sink.globs(), (std::vector<std::string>{"shop.*", "clicks", "all"}));
  EXPECT_EQ(sink.topics.at(0).where, "region = 'EU'");
  EXPECT_EQ(sink.topics.at(0).partition_by, "dt={ts:%F}/hour={ts:%H}");
  EXPECT_EQ(sink.topics.at(0).columns_exclude, std::vector<std::string>{"secret"});
  EXPECT_EQ(sink.topics.at(1).where, "n > 5");
  EXPECT_EQ(sink.topics.at(1).partition_by, "dt={ts:%F}");
  EXPECT_EQ(sink.topics.at(1).columns_exclude, std::vector<std::string>{"ip"});
  EXPECT_TRUE(sink.topics.at(1).columns_include.empty());
  EXPECT_TRUE(sink.topics.at(2).where.empty());
  const auto again = load(config->printed);
  ASSERT_TRUE(again.ok()) << again.error() << config->printed;
  EXPECT_EQ(again->sinks, config->sinks);
}

TEST_F(ConfigFile, ATopicsSettingThatMeansNothingNamesItsPlace) {
  const auto sink = [](const std::string& rest) { return "sinks:\n  s:\n    to: ./a\n    " + rest + "\n"; };
  EXPECT_EQ(message(sink("where: \"a = \"")).substr(0, 63), "sluice.yaml:4:12: where: line 1, column 5: syntax error at end ");
  EXPECT_EQ(message(sink("where: max(a) = 'x'")).substr(0, 71), "sluice.yaml:4:12: where: line 1, column 1: aggregate functions are not ");
  EXPECT_EQ(message(sink("topics: [{topic: a, were: x}]")),
            "sluice.yaml:4:25: unknown key 'were' in a topic of a sink; did you mean 'where'?");
  EXPECT_EQ(message(sink("topics: [{topic: a, columns: {exclud: x}}]")),
            "sluice.yaml:4:35: unknown key 'exclud' in the columns of a topic; did you mean 'exclude'?");
  EXPECT_EQ(message(sink("topics: [{where: x}]")), "sluice.yaml:4:14: 'topics' takes names, globs, and {topic: GLOB}");
  EXPECT_EQ(message(sink("topics: [a, {topic: a}]")), "sluice.yaml:4:17: 'a' stands there twice");
}

TEST_F(ConfigFile, AnUnknownKeyNamesPlaceAndNeighbour) {
  EXPECT_EQ(message("sources:\n  shop:\n    from: postgres://a@b/c\n    tabels: x\n"),
            "sluice.yaml:4:5: unknown key 'tabels' in sources.shop; did you mean 'tables'?");
  EXPECT_EQ(message("datta: x\n"), "sluice.yaml:1:1: unknown key 'datta'; did you mean 'data'?");
}

TEST_F(ConfigFile, AKeyOfALaterVersionIsRefusedAsSuch) {
  const auto config = load("defaults: {}\nsources:\n  a:\n    from: postgres://u@h/d\n    record: {shape: debezium}\n");
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.error().code, ErrorCode::unsupported);
  EXPECT_NE(config.error().message.find("'defaults' is not in this version"), std::string::npos);
  EXPECT_NE(config.error().detail.find("sources.a.record"), std::string::npos);
  EXPECT_EQ(load("sinks:\n  s: {to: 'redis://h/x'}\n").error().code, ErrorCode::unsupported);
  EXPECT_EQ(load("log: {at: 'kafka://b:9092'}\n").error().code, ErrorCode::unsupported);
}

TEST_F(ConfigFile, AValueThatMeansNothingNamesItsPlace) {
  EXPECT_EQ(message("sinks:\n  s:\n    to: ./a\n    roll: {size: 12XB}\n").substr(0, 23), "sluice.yaml:4:18: '12XB");
  EXPECT_EQ(message("topics:\n  a: {partitions: many}\n").substr(0, 18), "sluice.yaml:2:19: ");
  EXPECT_EQ(message("data: x\ndata: y\n").substr(0, 17), "sluice.yaml:2:1: ");
  EXPECT_EQ(message("a: [1\nb").substr(0, 12), "sluice.yaml:");
}

TEST_F(ConfigFile, APasswordInAUrlIsRefused) {
  EXPECT_FALSE(load("sources:\n  a: {from: 'postgres://u:hush@h/d'}\n").ok());
  EXPECT_FALSE(load("sources:\n  a: {from: 'postgres://u@h/d', password: secret}\n").ok());
  ConfigFlags flags{.from = {"postgres://u:hush@h/d"}};
  const auto config = load_config(flags, {});
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.error().text().find("hush"), std::string::npos) << config.error();
  const auto other = load("sources:\n  a: {from: 'oracle://u:hush@h/d'}\n");
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().text().find("hush"), std::string::npos) << other.error();
}

TEST_F(ConfigFile, FlagBeatsEnvironmentBeatsFileBeatsDefault) {
  const std::string file = "data: from-file\nregistry: {compatibility: FULL}\n";
  EXPECT_EQ(load(file)->data, "from-file");
  EXPECT_EQ(load(file, {}, {{"SLUICE_DATA", "from-env"}})->data, "from-env");
  const auto config = load(file, {.data = "from-flag"}, {{"SLUICE_DATA", "from-env"}});
  EXPECT_EQ(config->data, "from-flag");
  EXPECT_NE(config->printed.find("data: from-flag"), std::string::npos);
  EXPECT_NE(config->printed.find("# --data"), std::string::npos);
  EXPECT_NE(config->printed.find("sluice.yaml:2:27"), std::string::npos);
  EXPECT_NE(config->printed.find("# default"), std::string::npos);
}

TEST_F(ConfigFile, ThePrintedFormIsAFileThatMeansTheSame) {
  ConfigFlags flags{.from = {"postgres://u@h/shop?sslmode=require"}, .to = {"./archive", "./second"}, .tables = {"public.*"},
                    .listen = {"kafka=127.0.0.1:0"}, .topics = "a:3,b"};
  const auto first = load_config(flags, {});
  ASSERT_TRUE(first.ok()) << first.error();
  const auto second = load(first->printed);
  ASSERT_TRUE(second.ok()) << second.error() << first->printed;
  EXPECT_EQ(second->sources.at(0).from, first->sources.at(0).from);
  EXPECT_EQ(second->sources.at(0).name, "shop");
  EXPECT_EQ(second->sinks.at(0).to, "./archive");
  EXPECT_EQ(second->sinks.at(1).to, "./second");
  EXPECT_EQ(second->topics.at(0).partitions, 3);
  EXPECT_EQ(second->kafka.at(0).at.text(), first->kafka.at(0).at.text());
}

TEST_F(ConfigFile, AFoldersFilesAreJoinedAndAClashNamesBothPlaces) {
  write("a.yaml", "data: x\nsources:\n  a: {from: 'postgres://u@h/a'}\n");
  write("b.yaml", "sources:\n  b: {from: 'postgres://u@h/b'}\n");
  const auto config = load_config({.config = folder_}, {});
  ASSERT_TRUE(config.ok()) << config.error();
  EXPECT_EQ(config->sources.size(), 2U);
  write("c.yaml", "data: y\n");
  const auto clash = load_config({.config = folder_}, {});
  ASSERT_FALSE(clash.ok());
  EXPECT_NE(clash.error().message.find("c.yaml:1:1"), std::string::npos);
  EXPECT_NE(clash.error().message.find("a.yaml:1:1"), std::string::npos);
}

TEST_F(ConfigFile, SecretsComeFromFilesAndVariables) {
  const auto path = write("secret", "hush\n");
  EXPECT_EQ(read_secret("${file:" + path + "}", {}).value(), "hush");
  EXPECT_EQ(read_secret("${env:PW}", {{"PW", "x"}}).value(), "x");
  EXPECT_EQ(read_secret("${env:PW}", {}).error().code, ErrorCode::not_found);
  EXPECT_EQ(read_secret("${file:" + path + ".gone}", {}).error().code, ErrorCode::not_found);
}

TEST(Scalars, SizesAndDurationsHaveUnits) {
  EXPECT_EQ(parse_size("256MiB"), 256ULL << 20);
  EXPECT_EQ(parse_size("100 GB"), 100'000'000'000U);
  EXPECT_EQ(parse_size("7"), 7U);
  EXPECT_FALSE(parse_size("7 parsecs"));
  EXPECT_FALSE(parse_size("99999999999TiB"));
  EXPECT_EQ(parse_duration_ms("10min"), 600'000);
  EXPECT_FALSE(parse_duration_ms("10"));
}

std::string page(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Reference, TheConfigurationPageIsWhatTheProgramKnows) {
  EXPECT_EQ(page("docs/configuration.md"), configuration_reference()) << "run: make docs";
}

TEST(Reference, TheMetricsPageIsWhatTheProgramTells) {
  EXPECT_EQ(page("docs/metrics.md"), metrics_reference().value()) << "run: make docs";
}

}  // namespace
}  // namespace sluice::server
