#include "tests/simulation/receiver.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace vhookd::simulation {

namespace {

constexpr auto slowest_ms = 2000;

Outcome answered(const Request& request, int status, const std::string& retry_after = {}) {
  return {.ticket = request.ticket, .result = Answered{.status = status, .retry_after = retry_after, .excerpt = {}}};
}

Outcome unanswered(const Request& request, Unanswered::Why why, bool sent) {
  return {.ticket = request.ticket,
          .result = Unanswered{.why = why, .sent = sent, .text = "a fault of the simulation"}};
}

}  // namespace

void Receivers::take(const Request& request) {
  const auto id_header =
      std::ranges::find(request.headers, std::string("webhook-id"), &std::pair<std::string, std::string>::first);
  const std::string& id = id_header->second;
  const auto body = nlohmann::json::parse(request.body);
  const std::string webhook = body.at("webhook").at("id");
  Told& so_far = told[webhook];
  const std::uint64_t sequence = body.at("sequence");
  const auto known = so_far.bodies.find(id);
  if (known != so_far.bodies.end()) {
    if (known->second != request.body) complaints.push_back(webhook + ": " + id + " came with another body");
    return;
  }
  so_far.bodies.emplace(id, request.body);
  if (sequence != so_far.last_sequence + 1)
    complaints.push_back(webhook + ": after sequence " + std::to_string(so_far.last_sequence) + " came " +
                         std::to_string(sequence));
  so_far.last_sequence = sequence;
  for (const auto& record : body.at("data")) {
    const std::int64_t row = record.at("id");
    ++so_far.times[row];
    if (!record.contains("version")) continue;
    const std::int64_t version = record.at("version");
    so_far.versions[row] = version;
    if (!so_far.versions_in_pages.emplace(row, version).second)
      so_far.again.push_back("version " + std::to_string(version) + " of row " + std::to_string(row));
  }
}

// What can go wrong; in half of the ways the page was taken all the same.
Outcome Receivers::fault(const Request& request) {
  const bool took = chance(dice_, 50);
  switch (dice_() % 9) {
    case 0:
      return answered(request, 500);
    case 1:
      return answered(request, 503, "2");
    case 2:
      return answered(request, 429, "1");
    case 3:
      return answered(request, 302);
    case 4:
      return answered(request, 410);
    case 5:
      return unanswered(request, Unanswered::Why::connect, false);
    case 6:
      return unanswered(request, Unanswered::Why::resolve, false);
    case 7:
      if (took) take(request);
      return unanswered(request, Unanswered::Why::timeout, true);
    default:
      if (took) take(request);
      return unanswered(request, Unanswered::Why::broken, true);
  }
}

void Receivers::start(Request request) {
  crossroads();
  const bool bad = chance(dice_, faults);
  auto outcome = bad ? fault(request) : answered(request, 200);
  if (!bad && !swallows) take(request);
  const auto takes = std::chrono::milliseconds(dice_() % slowest_ms);
  flights_.push_back({clock_.tick() + takes, std::move(outcome)});
}

std::vector<Outcome> Receivers::wait(std::chrono::milliseconds) {
  crossroads();
  std::vector<Outcome> done;
  std::erase_if(flights_, [&](Flight& flight) {
    if (flight.due > clock_.tick()) return false;
    done.push_back(std::move(flight.outcome));
    return true;
  });
  return done;
}

}  // namespace vhookd::simulation
