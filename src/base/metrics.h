#pragma once
// Counters and gauges, exported in Prometheus' text format.
//
// A `Metrics` object is made by main and handed to whoever counts; there is no global one. Handles stay valid as long
// as the Metrics object and may be used from any thread without locks. Names end in their unit ("_bytes", "_seconds",
// "_total"); the list of them is docs/metrics.md.

#include <map>
#include <memory>
#include <string>

namespace sluice {

using MetricLabels = std::map<std::string, std::string>;

class Counter {
 public:
  virtual ~Counter() = default;
  virtual void add(double amount = 1) = 0;
};

class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void set(double value) = 0;
};

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The same name and labels give the same handle. `help` is taken from the first call for a name.
  Counter& counter(const std::string& name, const std::string& help, const MetricLabels& labels = {});
  Gauge& gauge(const std::string& name, const std::string& help, const MetricLabels& labels = {});
  // The exposition text, format 0.0.4.
  [[nodiscard]] std::string text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice
