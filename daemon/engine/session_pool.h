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
    Lease(SessionPool& pool, std::string key, std::unique_ptr<Source> session, bool reused)
        : pool_(&pool), key_(std::move(key)), session_(std::move(session)), reused_(reused) {}
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (session_) pool_->give_back(key_, std::move(session_));
    }
    Source& operator*() const { return *session_; }
    Source* operator->() const { return session_.get(); }
    bool reused() const { return reused_; }  // it lay idle, so the server may have ended it meanwhile
    void discard() { session_.reset(); }     // broken: not to be used again

   private:
    SessionPool* pool_;
    std::string key_;
    std::unique_ptr<Source> session_;
    bool reused_;
  };

  // An idle session of that database, or a new one.
  Result<Lease> lease(const config::Database& database);
  // A new one; the idle ones of that database are closed, for one of them was found broken.
  Result<Lease> lease_new(const config::Database& database);

 private:
  struct Idle {
    std::unique_ptr<Source> session;
    Tick since;
  };
  using IdleSessions = std::map<std::string, std::vector<Idle>>;  // by connection_key, oldest first

  void give_back(const std::string& key, std::unique_ptr<Source> session);

  Connect connect_;
  ConnectOptions options_;
  const Clock& clock_;
  Guarded<IdleSessions> idle_;
};

}  // namespace vhookd
