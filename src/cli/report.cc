#include "cli/report.h"

#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <sstream>

namespace sluice::cli {
namespace {

bool is_number(const std::string& cell) {
  return !cell.empty() && cell.find_first_not_of("0123456789,.- %") == std::string::npos &&
         cell.find_first_of("0123456789") != std::string::npos;
}

// Code points: what a terminal gives one column each, near enough.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & '\xc0') != '\x80'; }));
}

}  // namespace

int exit_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::not_found: return kNo;
    case ErrorCode::unsupported: return kUsage;
    case ErrorCode::retry:
    case ErrorCode::back_off: return kNotReachable;
    default: return kRefused;
  }
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  std::vector<bool> right(heads_.size(), !rows_.empty());
  for (const auto& head : heads_) widths.push_back(width_of(head));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(row[i]));
      if (!row[i].empty() && !is_number(row[i])) right[i] = false;
    }
  }
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string out;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string space(widths[i] - width_of(cells[i]), ' ');
      out += (i == 0 ? "" : "  ") + (right[i] ? space + cells[i] : cells[i] + space);
    }
    out.erase(out.find_last_not_of(' ') + 1);
    return out + "\n";
  };
  auto out = line(heads_);
  for (const auto& row : rows_) out += line(row);
  return out;
}

int fail(const Error& error) { return fail(error, exit_status(error.code)); }

int fail(const Error& error, int status) {
  std::cout.flush();
  std::cerr << "sluice: " << error.message << "\n";
  std::istringstream detail(error.detail);
  for (std::string line; std::getline(detail, line);) std::cerr << "  " << line << "\n";
  if (!error.hint.empty()) std::cerr << "  what to do  " << error.hint << "\n";
  return status;
}

int misuse(const std::string& message, const std::string& hint) {
  std::cout.flush();
  std::cerr << "sluice: " << message << "\n";
  if (!hint.empty()) std::cerr << "  " << hint << "\n";
  return kUsage;
}

bool confirmed(const Globals& globals, const std::string& question) {
  if (globals.yes) return true;
  if (::isatty(STDIN_FILENO) == 0) {
    std::cerr << "sluice: " << question << " say --yes to do it without being asked\n";
    return false;
  }
  std::cerr << question << " [y/N] " << std::flush;
  std::string answer;
  return std::getline(std::cin, answer) && (answer == "y" || answer == "Y" || answer == "yes");
}

Result<std::unique_ptr<client::Client>> connect_broker(const Globals& globals) {
  auto connected = client::Client::connect(globals.broker);
  if (connected.ok()) return connected;
  return unreachable(std::move(connected).error());
}

Error error_of(const io::HttpResponse& answer, const std::string& what) {
  Error error;
  error.code = answer.status == 404   ? ErrorCode::not_found
               : answer.status == 503 ? ErrorCode::back_off
                                      : ErrorCode::rejected;
  error.message = answer.body.substr(0, answer.body.find('\n'));
  boost::system::error_code ignored;
  const auto parsed = boost::json::parse(answer.body, ignored);
  const auto take = [object = parsed.if_object()](const char* key, std::string& into) {
    const auto* text = object == nullptr ? nullptr : object->if_contains(key);
    if (text != nullptr && text->is_string()) into = std::string(text->as_string());
  };
  take("message", error.message);
  take("error", error.message);
  take("detail", error.detail);
  take("hint", error.hint);
  if (error.message.empty()) error.message = "HTTP status " + std::to_string(answer.status);
  if (answer.status == 401) error.hint = "user and password stand in the URL, best in SLUICE_REGISTRY or SLUICE_ADMIN: https://USER:PASSWORD@HOST:PORT";
  if (!what.empty()) error.message = what + ": " + error.message;
  return error;
}

Error unreachable(Error error) {
  // The address has been checked: a host that is not known is one that cannot be reached.
  if (error.code == ErrorCode::rejected) error.code = ErrorCode::back_off;
  if (error.code == ErrorCode::back_off && error.hint.empty()) {
    error.hint = "start it with `sluice serve`, or name it: -b HOST:PORT the log, -r URL the registry, -a URL the admin listener";
  }
  return error;
}

Result<io::HttpClient> http_client(const std::string& url, std::int64_t timeout_ms) {
  SLUICE_TRY(auto parsed, io::parse_http_url(url));
  const auto file = [](const char* variable) {
    const char* value = std::getenv(variable);
    return std::string(value == nullptr ? "" : value);
  };
  io::HttpClientOptions options;
  options.timeout_ms = timeout_ms;
  options.ca_file = file("SLUICE_CA");
  options.cert_file = file("SLUICE_CERT");
  options.key_file = file("SLUICE_KEY");
  return io::HttpClient(std::move(parsed), std::move(options));
}

std::string shown(const std::string& url) {
  const auto parsed = io::parse_http_url(url);
  return parsed.ok() ? parsed->text() : "(no URL)";
}

Result<std::string> get_json(const std::string& base, const std::string& target, std::int64_t timeout_ms) {
  SLUICE_TRY(const auto client, http_client(base, timeout_ms));
  auto answer = client.get(target);
  if (!answer.ok()) return unreachable(std::move(answer).error());
  if (answer->status != 200) return error_of(*answer, client.url().text() + target);
  return std::move(answer->body);
}

Result<std::string> ask(const std::string& base, const std::string& method, const std::string& target) {
  constexpr std::int64_t kTimeoutMs = 60 * 60 * 1000;
  SLUICE_TRY(const auto client, http_client(base, kTimeoutMs));
  auto answer = client.send({.method = method, .target = target, .headers = {}, .body = ""});
  if (!answer.ok()) return unreachable(std::move(answer).error());
  if (answer->status != 200) return error_of(*answer, "");
  return std::move(answer->body);
}

std::string time_text(std::int64_t ms) {
  if (ms < 0) return std::to_string(ms);
  const auto seconds = static_cast<std::time_t>(ms / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[40];
  const auto size = std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  auto out = std::string(text, size);
  const auto fraction = std::to_string(1000 + ms % 1000);
  return out + "." + fraction.substr(1);
}

Result<std::int64_t> parse_time(const std::string& text) {
  const auto refused = wrong_usage("'" + text + "' is no time", "write 2026-11-24T13:04:11Z, 2026-11-24, or milliseconds since 1970");
  if (!text.empty() && text.find_first_not_of("0123456789") == std::string::npos) {
    std::int64_t ms = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
    return error == std::errc{} ? Result<std::int64_t>(ms) : Result<std::int64_t>(refused);
  }
  std::tm parts{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%d", &parts);
  if (rest == nullptr) return refused;
  if (*rest == 'T' || *rest == ' ') {
    rest = ::strptime(rest + 1, "%H:%M", &parts);
    if (rest != nullptr && *rest == ':') rest = ::strptime(rest + 1, "%S", &parts);
    if (rest == nullptr) return refused;
  }
  std::int64_t fraction_ms = 0;
  if (*rest == '.') {
    int digits = 0;
    for (++rest; *rest >= '0' && *rest <= '9'; ++rest, ++digits) {
      if (digits < 3) fraction_ms = fraction_ms * 10 + (*rest - '0');
    }
    for (; digits < 3; ++digits) fraction_ms *= 10;
  }
  std::int64_t zone_minutes = 0;
  if (*rest == '+' || *rest == '-') {
    int hours = 0, minutes = 0;
    if (std::sscanf(rest + 1, "%2d:%2d", &hours, &minutes) != 2 || std::string_view(rest).size() != 6) return refused;
    zone_minutes = (*rest == '-' ? -1 : 1) * (hours * 60 + minutes);
  } else if (*rest != '\0' && std::string_view(rest) != "Z") {
    return refused;
  }
  return (static_cast<std::int64_t>(::timegm(&parts)) - zone_minutes * 60) * 1000 + fraction_ms;
}

}  // namespace sluice::cli
