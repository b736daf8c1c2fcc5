#include "cli/export/export_place.h"

#include <cstdlib>
#include <map>

#include "io/http.h"

namespace sluice::cli {
namespace {

// SCHEME://HOST/PATH?NAME=VALUE&…, as a sink's `to` has it.
struct Url {
  std::string scheme, host, path;  // the path without slashes at its ends
  std::map<std::string, std::string> parameters = {};

  [[nodiscard]] std::string parameter(const std::string& name) const {
    const auto found = parameters.find(name);
    return found == parameters.end() ? "" : found->second;
  }
  [[nodiscard]] std::string below(const std::string& prefix) const { return prefix + (path.empty() ? "" : "/" + path); }
};

Url parse(std::string_view text) {
  Url out;
  const auto colon = text.find("://");
  out.scheme = std::string(text.substr(0, colon));
  text.remove_prefix(colon + 3);
  const auto mark = std::min(text.find('?'), text.size());
  auto place = text.substr(0, mark);
  auto query = text.substr(std::min(mark + 1, text.size()));
  const auto slash = std::min(place.find('/'), place.size());
  out.host = std::string(place.substr(0, slash));
  place.remove_prefix(slash);
  while (place.starts_with('/')) place.remove_prefix(1);
  while (place.ends_with('/')) place.remove_suffix(1);
  out.path = std::string(place);
  while (!query.empty()) {
    const auto one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(one.size() + 1, query.size()));
    const auto equals = std::min(one.find('='), one.size());
    out.parameters[std::string(one.substr(0, equals))] = io::percent_decode(one.substr(std::min(equals + 1, one.size())));
  }
  return out;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Location local(Reader reader, const std::string& path) {
  if (reader == Reader::duckdb) return {path};
  if (reader == Reader::python) return {path, {"place = fs.LocalFileSystem()"}};
  return {"file://" + path};
}

struct Bucket {
  std::string region, endpoint, host;  // the endpoint is a URL, the host that without its scheme
  bool https = true, in_path = false;
};

Bucket bucket_of(const Url& url) {
  Bucket out;
  out.region = url.parameter("region");
  if (out.region.empty()) out.region = environment("AWS_REGION");
  if (out.region.empty()) out.region = environment("AWS_DEFAULT_REGION");
  out.endpoint = url.parameter("endpoint");
  if (out.endpoint.empty()) out.endpoint = environment("AWS_ENDPOINT_URL_S3");
  if (out.endpoint.empty()) out.endpoint = environment("AWS_ENDPOINT_URL");
  while (out.endpoint.ends_with('/')) out.endpoint.pop_back();
  if (out.region.empty()) out.region = "us-east-1";
  out.https = !out.endpoint.starts_with("http://");
  const auto scheme = out.endpoint.find("://");
  out.host = scheme == std::string::npos ? out.endpoint : out.endpoint.substr(scheme + 3);
  const auto style = url.parameter("style");
  out.in_path = style.empty() ? !out.endpoint.empty() : style == "path";
  return out;
}

std::string yes(bool value) { return value ? "true" : "false"; }

Location hadoop_bucket(Reader reader, const Url& url, const Bucket& bucket) {
  std::vector<std::pair<std::string, std::string>> all{{"fs.s3a.endpoint.region", bucket.region}};
  if (!bucket.endpoint.empty()) all.emplace_back("fs.s3a.endpoint", bucket.endpoint);
  if (bucket.in_path) all.emplace_back("fs.s3a.path.style.access", "true");
  Location out{url.below("s3a://" + url.host)};
  for (const auto& [name, value] : all) {
    out.setup.push_back(reader == Reader::spark ? ".config(\"spark.hadoop." + name + "\", \"" + value + "\")" : "SET " + name + "=" + value + ";");
  }
  const std::string keys = "keys from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or of the machine (fs.s3a.aws.credentials.provider).";
  out.notes.push_back("S3: " + (reader == Reader::spark ? keys : "hadoop-aws, of Hadoop's version, on the class path; " + keys));
  return out;
}

Location in_bucket(Reader reader, const Url& url) {
  const auto bucket = bucket_of(url);
  if (reader == Reader::spark || reader == Reader::hive) return hadoop_bucket(reader, url, bucket);
  Location out{url.below("s3://" + url.host)};
  if (reader == Reader::python) {
    auto options = "region=\"" + bucket.region + "\"";
    if (!bucket.endpoint.empty()) options += ", endpoint_override=\"" + bucket.host + "\", scheme=\"" + (bucket.https ? "https" : "http") + "\"";
    if (!bucket.in_path && !bucket.endpoint.empty()) options += ", force_virtual_addressing=True";
    out.path = url.below(url.host);
    out.setup.push_back("place = fs.S3FileSystem(" + options + ")  # keys from the environment or ~/.aws");
  } else if (reader == Reader::duckdb) {
    auto options = "REGION '" + bucket.region + "'";
    if (!bucket.endpoint.empty()) options += ", ENDPOINT '" + bucket.host + "', USE_SSL " + yes(bucket.https);
    options += std::string(", URL_STYLE '") + (bucket.in_path ? "path" : "vhost") + "'";
    out.setup = {"INSTALL httpfs;", "LOAD httpfs;", "INSTALL aws;", "LOAD aws;", "CREATE OR REPLACE SECRET archive (TYPE s3, PROVIDER credential_chain, " + options + ");"};
  } else if (reader == Reader::flink) {
    out.notes.push_back("S3: flink-s3-fs-hadoop as a plugin; config.yaml: s3.endpoint.region: " + bucket.region +
                        (bucket.endpoint.empty() ? "" : ", s3.endpoint: " + bucket.endpoint) + ", s3.path.style.access: " + yes(bucket.in_path));
  } else {
    out.notes.push_back("The catalog's properties: fs.native-s3.enabled=true, s3.region=" + bucket.region +
                        (bucket.endpoint.empty() ? "" : ", s3.endpoint=" + bucket.endpoint) + ", s3.path-style-access=" + yes(bucket.in_path));
  }
  return out;
}

Location in_hdfs(Reader reader, const Url& url) {
  const bool tls = url.scheme == "hdfs+https";
  const auto host = url.host.substr(0, url.host.rfind(':'));
  auto port = url.host.size() > host.size() ? url.host.substr(host.size() + 1) : url.parameter("gateway") == "httpfs" ? "14000" : tls ? "9871" : "9870";
  const auto user = url.parameter("user");
  if (reader == Reader::python || reader == Reader::duckdb) {
    const auto options = "\"" + host + "\", " + port + (user.empty() ? "" : ", user=\"" + user + "\"") + (tls ? ", use_https=True" : "");
    return {url.below(""), {"from fsspec.implementations.webhdfs import WebHDFS  # pip install fsspec requests",
                            "place = fs.PyFileSystem(fs.FSSpecHandler(WebHDFS(" + options + ")))"}};
  }
  const std::string rpc = "hdfs://" + host + ":8020";
  if (reader == Reader::trino) {
    return {url.below(rpc), {}, {"HDFS: " + rpc + " is a guess at the NameNode's RPC address; yours is fs.defaultFS in core-site.xml (Sluice itself speaks WebHDFS, " + url.host + ")."}};
  }
  Location out{url.below((tls ? "swebhdfs://" : "webhdfs://") + host + ":" + port)};
  out.notes.emplace_back("HDFS: this is WebHDFS, as Sluice speaks it. Where the cluster's own address (fs.defaultFS in core-site.xml) can be reached, hdfs://… in its place is faster" +
                         std::string(reader == Reader::spark ? "; pip's pyspark reads that alone (its Hadoop lacks a class for WebHDFS)." : "."));
  return out;
}

}  // namespace

Location location_for(Reader reader, const ExportedTopic& topic) {
  const auto& place = topic.place;
  if (place.starts_with("file://")) return local(reader, place.substr(7));
  if (place.find("://") == std::string::npos) return local(reader, place);
  const auto url = parse(place);
  return url.scheme == "s3" ? in_bucket(reader, url) : in_hdfs(reader, url);
}

}  // namespace sluice::cli
