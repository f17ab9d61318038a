#include "daemon/engine/session_pool.h"

#include <algorithm>

#include "daemon/engine/connection_key.h"

namespace vhookd {

namespace {

// Long enough for webhooks of a usual interval to find their session again, short enough that a server's
// or firewall's idle limit seldom cuts it first.
constexpr auto longest_idle = std::chrono::minutes(5);
// For each database: as many as polls it at once, else each end of a poll closes what the next one opens.
constexpr std::size_t most_idle = 4;

}  // namespace

Result<SessionPool::Lease> SessionPool::lease(const config::Database& database) {
  const std::string key = connection_key(database);
  std::vector<Idle> too_old;  // closed outside the lock
  auto session = idle_.with([&](IdleSessions& sessions) -> std::unique_ptr<Source> {
    const Tick now = clock_.tick();
    for (auto& [name, idle] : sessions)
      while (!idle.empty() && now - idle.front().since > longest_idle) {
        too_old.push_back(std::move(idle.front()));
        idle.erase(idle.begin());
      }
    auto& idle = sessions[key];
    if (idle.empty()) return nullptr;
    auto newest = std::move(idle.back().session);
    idle.pop_back();
    return newest;
  });
  if (session) return Lease(*this, key, std::move(session), true);
  auto made = connect_(database, options_);
  if (!made) return std::unexpected(made.error());
  return Lease(*this, key, std::move(*made), false);
}

Result<SessionPool::Lease> SessionPool::lease_new(const config::Database& database) {
  const auto closed =
      idle_.with([&](IdleSessions& sessions) { return std::exchange(sessions[connection_key(database)], {}); });
  return lease(database);
}

void SessionPool::give_back(const std::string& key, std::unique_ptr<Source> session) {
  Idle idle{std::move(session), clock_.tick()};
  idle_.with([&](IdleSessions& sessions) {
    auto& list = sessions[key];
    if (list.size() < most_idle) list.push_back(std::move(idle));
  });
}

}  // namespace vhookd
