// Database sessions, kept between polls. Thread-safe; a leased session is its holder's alone.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "connectors/connector.h"
#include "core/clock.h"
#include "core/guarded.h"

namespace vhookd {

class SessionPool {
 public:
  SessionPool(Connect connect, ConnectOptions options, const Clock& clock)
      : connect_(std::move(connect)), options_(options), clock_(clock) {}

  class Lease {
   public:
    Lease(SessionPool& home, std::string place, std::unique_ptr<Source> session, bool reused)
        : home_(&home), place_(std::move(place)), session_(std::move(session)), reused_(reused) {}
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (session_) home_->give_back(place_, std::move(session_));
    }
    Source& operator*() const { return *session_; }
    Source* operator->() const { return session_.get(); }
    bool reused() const { return reused_; }  // it lay idle, so the server may have ended it meanwhile
    void discard() { session_.reset(); }     // broken: not to be used again

   private:
    SessionPool* home_;
    std::string place_;
    std::unique_ptr<Source> session_;
    bool reused_;
  };

  // An idle session of that database, or a new one.
  Result<Lease> lease(const config::Database& database);
  // A new one; the idle ones of that database are closed, for one of them was found broken.
  Result<Lease> lease_new(const config::Database& database);

  // What two webhooks must have in common to share sessions, and a place in the timetable.
  static std::string place_of(const config::Database& database);

 private:
  struct Idle {
    std::unique_ptr<Source> session;
    Tick since;
  };
  using Shelf = std::map<std::string, std::vector<Idle>>;

  void give_back(const std::string& place, std::unique_ptr<Source> session);

  Connect connect_;
  ConnectOptions options_;
  const Clock& clock_;
  Guarded<Shelf> shelf_;
};

}  // namespace vhookd
