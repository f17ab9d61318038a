// A PostgreSQL server of one test's own, which it may stop, kill and set back: the shared ones serve other tests.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "tests/support/program.h"

namespace vhookd::testing {

class OwnPostgres {
 public:
  // Runs when this returns; null: Debian's server programs are not here. Throws where they fail.
  static std::unique_ptr<OwnPostgres> start();
  ~OwnPostgres();
  OwnPostgres(const OwnPostgres&) = delete;
  OwnPostgres& operator=(const OwnPostgres&) = delete;

  void stop();      // every session is ended, all is kept
  void crash();     // as after a power cut
  void go_on();     // after either, on the same port; returns once it takes sessions
  void set_back();  // while it is stopped: to what it was at keep()
  void keep();      // while it is stopped

  void run(const std::string& sql) const;  // as the superuser, each call a session of its own
  std::string url() const;                 // of the superuser
  std::string data() const { return (folder_.path() / "data").string(); }

 private:
  OwnPostgres(std::string programs, int port) : programs_(std::move(programs)), port_(port) {}
  void end(int signal);
  int as_server(const std::string& command) const;

  TempFolder folder_;
  std::string programs_;  // the folder of postgres and initdb
  int port_;
  pid_t pid_ = -1;
};

}  // namespace vhookd::testing
