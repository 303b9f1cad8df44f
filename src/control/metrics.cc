#include "control/metrics.h"

#include <sstream>

#include "control/rest/environment_json.h"

namespace cloister::control {
namespace {

constexpr std::string_view kDuration = "http_server_request_duration_seconds";

void RenderFleet(const Fleet& fleet, std::ostringstream& out) {
  std::map<std::string, std::uint64_t> states;
  std::uint64_t entries = 0;
  for (const auto& session : fleet.All()) {
    ++states[std::string(EnvironmentStatus(*session))];
    entries += session->Look([](const ledger::LedgerState& state) { return state.size(); });
  }
  out << "# HELP cloister_environments Environments by status.\n# TYPE cloister_environments gauge\n";
  for (const auto& [state, count] : states)
    out << "cloister_environments{status=\"" << state << "\"} " << count << "\n";
  out << "# HELP cloister_ledger_entries Entries of all ledgers together.\n# TYPE cloister_ledger_entries gauge\n"
      << "cloister_ledger_entries " << entries << "\n";
}

}  // namespace

void Metrics::Count(const Request& request) {
  const double seconds = static_cast<double>(request.duration_ms) / 1000;
  MutexLock lock(mutex_);
  Series& series = series_[{std::string(request.method), std::string(request.route), request.status}];
  ++series.count;
  series.seconds += seconds;
  for (std::size_t i = 0; i < kBucketSeconds.size(); ++i) {
    if (seconds <= kBucketSeconds[i]) ++series.buckets[i];
  }
}

std::string Metrics::Render(const Fleet& fleet) const {
  std::ostringstream out;
  RenderFleet(fleet, out);
  out << "# HELP " << kDuration << " Time from a request's head to its answer.\n# TYPE " << kDuration
      << " histogram\n";
  MutexLock lock(mutex_);
  for (const auto& [key, series] : series_) {
    const auto& [method, route, status] = key;
    std::ostringstream labels;
    labels << "http_request_method=\"" << method << "\",http_route=\"" << route << "\",http_response_status_code=\""
           << status << "\"";
    for (std::size_t i = 0; i < kBucketSeconds.size(); ++i) {
      out << kDuration << "_bucket{" << labels.str() << ",le=\"" << kBucketSeconds[i] << "\"} " << series.buckets[i]
          << "\n";
    }
    out << kDuration << "_bucket{" << labels.str() << ",le=\"+Inf\"} " << series.count << "\n"
        << kDuration << "_sum{" << labels.str() << "} " << series.seconds << "\n"
        << kDuration << "_count{" << labels.str() << "} " << series.count << "\n";
  }
  return out.str();
}

}  // namespace cloister::control
