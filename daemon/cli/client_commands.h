// The commands that ask the running daemon and print its answer. Each returns the process's exit code:
// not_reachable where no daemon answers, failed where the daemon refuses or the thing asked for failed.
// With `json` standard output holds JSON and nothing else; complaints go to standard error.
#pragma once

#include <string>

#include "daemon/service/paths.h"

namespace vhookd {

struct ClientOptions {
  Given where;
  std::string id;    // a webhook's; empty where the command takes all
  std::string page;  // a dead page's id
  bool json = false;
  bool watch = false;
};

// What `replay` was given; times and URL are the daemon's to judge.
struct ReplayOptions {
  bool dead = false;
  std::uint64_t from = 0, to = 0;  // 0: not given
  std::string since, url;          // empty: not given
};

int status_command(const ClientOptions& options);  // done also where webhooks are unhealthy: /readyz judges
int runs_command(const ClientOptions& options);
int trigger_command(const ClientOptions& options);  // failed where the run failed
int pause_command(const ClientOptions& options);
int resume_command(const ClientOptions& options);
int reload_command(const ClientOptions& options);  // configuration (78) where it is not valid
int dead_list_command(const ClientOptions& options);
int dead_show_command(const ClientOptions& options);
int dead_drop_command(const ClientOptions& options);
int replay_command(const ClientOptions& options, const ReplayOptions& what);  // failed where nothing matches

}  // namespace vhookd
