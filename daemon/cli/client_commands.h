// The commands that send a request to the running daemon and print the answer. Each returns the exit code of the
// process: not_reachable if no daemon answers, failed if the daemon rejects the request or the requested action failed.
// With `json`, standard output contains only JSON. Errors go to standard error.
#pragma once

#include <string>

#include "daemon/service/paths.h"

namespace vhookd {

struct ClientOptions {
  PathOptions where;
  std::string id;    // a webhook's id; empty: all webhooks
  std::string page;  // the id of a dead page
  bool json = false;
  bool watch = false;
};

// The options of `replay`. The daemon validates times and URL.
struct ReplayOptions {
  bool dead = false;
  std::uint64_t from = 0, to = 0;  // 0: not given
  std::string since, url;          // empty: not given
};

int status_command(const ClientOptions& options);  // done even if webhooks are unhealthy; /readyz reports that
int runs_command(const ClientOptions& options);
int trigger_command(const ClientOptions& options);  // failed if the poll failed
int pause_command(const ClientOptions& options);
int resume_command(const ClientOptions& options);
int reload_command(const ClientOptions& options);  // configuration (78) if it is not valid
int dead_list_command(const ClientOptions& options);
int dead_show_command(const ClientOptions& options);
int dead_drop_command(const ClientOptions& options);
int replay_command(const ClientOptions& options, const ReplayOptions& what);  // failed if no page matches

}  // namespace vhookd
