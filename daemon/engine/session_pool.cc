#include "daemon/engine/session_pool.h"

#include <algorithm>

namespace vhookd {

namespace {

// Long enough for webhooks of a usual interval to find their session again, short enough that a server's
// or firewall's idle limit seldom cuts it first.
constexpr auto longest_idle = std::chrono::minutes(5);
// For each database: as many as polls it at once, else each end of a poll closes what the next one opens.
constexpr std::size_t most_idle = 4;

}  // namespace

std::string SessionPool::place_of(const config::Database& database) {
  return std::string(name_of(database.type)) + " " + database.url.reveal();
}

Result<SessionPool::Lease> SessionPool::lease(const config::Database& database) {
  const std::string place = place_of(database);
  std::vector<Idle> too_old;  // closed outside the lock
  auto session = shelf_.with([&](Shelf& shelf) -> std::unique_ptr<Source> {
    const Tick now = clock_.tick();
    for (auto& [name, idle] : shelf)
      while (!idle.empty() && now - idle.front().since > longest_idle) {
        too_old.push_back(std::move(idle.front()));
        idle.erase(idle.begin());
      }
    auto& idle = shelf[place];
    if (idle.empty()) return nullptr;
    auto newest = std::move(idle.back().session);
    idle.pop_back();
    return newest;
  });
  if (session) return Lease(*this, place, std::move(session), true);
  auto made = connect_(database, options_);
  if (!made) return std::unexpected(made.error());
  return Lease(*this, place, std::move(*made), false);
}

Result<SessionPool::Lease> SessionPool::lease_new(const config::Database& database) {
  const auto closed = shelf_.with([&](Shelf& shelf) { return std::exchange(shelf[place_of(database)], {}); });
  return lease(database);
}

void SessionPool::give_back(const std::string& place, std::unique_ptr<Source> session) {
  Idle idle{std::move(session), clock_.tick()};
  shelf_.with([&](Shelf& shelf) {
    auto& list = shelf[place];
    if (list.size() < most_idle) list.push_back(std::move(idle));
  });
}

}  // namespace vhookd
