// The receivers of the simulation behind the real Transport interface, and what they hold against vhookd.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "delivery/transport.h"
#include "tests/simulation/database.h"

namespace vhookd::simulation {

class StandingClock final : public Clock {
 public:
  Instant now() const override { return at; }
  Tick tick() const override { return Tick(at.time_since_epoch()); }
  Instant at{std::chrono::seconds(1'800'000'000)};
};

// What one webhook's receiver was told. Complaints: a sequence that is not the next, an id that comes back with
// another body or sequence.
struct Told {
  std::uint64_t last_sequence = 0;
  std::map<std::string, std::string> bodies;                          // by message id
  std::map<std::int64_t, std::int64_t> versions;                      // the last of each row
  std::map<std::int64_t, int> times;                                  // records of each row
  std::set<std::pair<std::int64_t, std::int64_t>> versions_in_pages;  // (row, version)
  std::vector<std::string> again;                                     // versions that came in a second page
};

class Receivers final : public Transport {
 public:
  Receivers(Dice& dice, StandingClock& clock) : dice_(dice), clock_(clock) {}

  int capacity() const override { return 4 - static_cast<int>(flights_.size()); }
  void start(Request request) override;
  std::vector<Outcome> wait(std::chrono::milliseconds timeout) override;  // moves no clock
  void wake() override { crossroads(); }
  void set_egress(const config::Egress&) override {}
  void abort_all() override { flights_.clear(); }  // answers nobody waits for any more

  std::map<std::string, Told> told;  // by webhook
  std::vector<std::string> complaints;
  int faults = 0;                            // percent of requests that go wrong, each in its way
  bool swallows = false;                     // a lie: answers 200 to what it never took
  std::function<void()> crossroads = [] {};  // called where the daemon may die: headers sent, answer not yet read

 private:
  struct Flight {
    Tick due;
    Outcome outcome;
  };

  void take(const Request& request);
  Outcome fault(const Request& request);

  Dice& dice_;
  StandingClock& clock_;
  std::vector<Flight> flights_;
};

}  // namespace vhookd::simulation
