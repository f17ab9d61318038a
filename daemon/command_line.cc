#include "daemon/command_line.h"

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <iostream>

#include "config/hook.h"
#include "config/schema.h"
#include "config/spelling.h"
#include "core/crypto.h"
#include "core/signing_key.h"
#include "core/time_text.h"
#include "daemon/cli/client_commands.h"
#include "daemon/cli/version_text.h"
#include "daemon/output/exit_code.h"
#include "daemon/output/terminal.h"

namespace vhookd {

namespace {

// What the words say; each command reads its own part.
struct Line {
  Given given;  // --config and --state, before or after the command
  std::string log_level;
  RunOptions run;
  CheckOptions check;
  ExplainOptions explain;
  InitOptions init;
  DemoOptions demo;
  ReceiveOptions receive;
  SelftestOptions selftest;
  ClientOptions client;
  int (*dead)(const ClientOptions&) = dead_list_command;  // which of `dead`
  ReplayOptions replay;
  bool key_pair = false;
};

struct Command {
  const char* name;
  const char* usage;  // what may follow the name
  const char* help;
  void (*declare)(CLI::App& app, Line& line);
  int (*handle)(const Line& line, const Commands& handlers);
};

void declare_nothing(CLI::App&, Line&) {}
void add_id(CLI::App& app, Line& line) {
  app.add_option("ID", line.client.id, "the webhook's id")->required();
}
void add_json(CLI::App& app, bool& json) {
  app.add_flag("--json", json, "print JSON");
}

void declare_with_id(CLI::App& app, Line& line) {
  add_id(app, line);
  add_json(app, line.client.json);
}

void declare_run(CLI::App& app, Line& line) {
  app.add_flag("--once", line.run.once, "poll every webhook once, deliver, and end; 0 if all went well");
}

void declare_check(CLI::App& app, Line& line) {
  app.add_flag("--probe", line.check.probe, "also connect to each database, look at each table, resolve each hook");
  add_json(app, line.check.json);
}

void declare_explain(CLI::App& app, Line& line) {
  app.add_option("ID", line.explain.id, "the webhook's id")->required();
  add_json(app, line.explain.json);
}

void declare_init(CLI::App& app, Line& line) {
  app.add_option("DB_URL", line.init.url,
                 "postgresql://…, mysql://…, mariadb://… or sqlite:///path; - reads it from standard input, so that a "
                 "password in it shows in no list of processes")
      ->required();
}

void declare_status(CLI::App& app, Line& line) {
  app.add_option("ID", line.client.id, "one webhook in full; without it a table of all");
  app.add_flag("--watch", line.client.watch, "again every second, until Ctrl-C");
  add_json(app, line.client.json);
}

void declare_reload(CLI::App& app, Line& line) {
  add_json(app, line.client.json);
}

void declare_dead(CLI::App& app, Line& line) {
  app.require_subcommand(1, 1);
  CLI::App* list = app.add_subcommand("list", "the pages that ran out of retries");
  list->add_option("ID", line.client.id, "of one webhook; without it of all");
  CLI::App* show = app.add_subcommand("show", "one page with its body");
  show->add_option("PAGE", line.client.page, "the page's id, from `dead list`")->required();
  show->callback([&line] { line.dead = dead_show_command; });
  CLI::App* drop = app.add_subcommand("drop", "give one page up for good; what follows it goes out");
  drop->add_option("PAGE", line.client.page, "the page's id, from `dead list`")->required();
  drop->callback([&line] { line.dead = dead_drop_command; });
  for (CLI::App* sub : {list, show, drop}) {
    sub->fallthrough();
    add_json(*sub, line.client.json);
  }
}

void declare_replay(CLI::App& app, Line& line) {
  ReplayOptions& what = line.replay;
  const CLI::Range sequence(std::uint64_t{1}, (std::uint64_t{1} << 53) - 1);
  add_id(app, line);
  app.add_flag("--dead", what.dead, "its dead pages, instead of delivered ones that are still kept");
  app.add_option("--from", what.from, "the pages from this sequence on")->check(sequence)->type_name("SEQ");
  app.add_option("--to", what.to, "the pages up to this sequence")->check(sequence)->type_name("SEQ");
  app.add_option("--since", what.since, "the pages delivered, or dead, since then, as 2026-11-23T09:00:00Z")
      ->type_name("TIME")
      ->check([](const std::string& text) {
        return parse_rfc3339(text) ? std::string() : "no instant such as 2026-11-23T09:00:00Z: " + text;
      });
  app.add_option("--url", what.url, "send them there, without the webhook's own headers where it is another host")
      ->type_name("URL")
      ->check([](const std::string& text) {
        const auto fault = config::fault_of_hook_url(text);
        return fault.empty() ? fault : "the URL " + fault;
      });
  app.callback([&what] {
    if (!what.dead && what.from == 0 && what.to == 0 && what.since.empty())
      throw CLI::RequiredError("say which pages: --dead, --from, --to or --since");
    if (what.to != 0 && what.from > what.to) throw CLI::ValidationError("--from", "is greater than --to");
  });
  add_json(app, line.client.json);
}

int handle_replay(const Line& line, const Commands&) {
  ClientOptions options = line.client;
  options.where = line.given;
  return replay_command(options, line.replay);
}

void declare_receive(CLI::App& app, Line& line) {
  ReceiveOptions& options = line.receive;
  app.add_option("--port", options.port, "where to listen, on 127.0.0.1")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  app.add_option("--secret", options.secrets, "a whsec_… or whpk_… to verify signatures with; may be given again")
      ->allow_extra_args(false);
  app.add_option("--fail", options.fail_percent, "answer 500 to this share of requests, in percent")
      ->check(CLI::Range(0, 100));
  app.add_flag("--quiet", options.quiet, "print less");
  add_json(app, options.json);
}

void declare_demo(CLI::App& app, Line& line) {
  app.add_flag("--keep", line.demo.keep, "leave its folder behind");
}

void declare_selftest(CLI::App& app, Line& line) {
  SelftestOptions& options = line.selftest;
  app.add_option("--crash", options.kills, "kill a daemon so often while rows change, and see that nothing is lost")
      ->check(CLI::Range(1, 1'000'000))
      ->required();
  app.add_option("--rows", options.changes, "how many rows change meanwhile [50 for each kill]")
      ->check(CLI::Range(1, 100'000'000));
  app.add_option("--fail", options.fail_percent, "how many of the POSTs its receiver refuses, in percent")
      ->check(CLI::Range(0, 95))
      ->capture_default_str();
  add_json(app, options.json);
}

int handle_run(const Line& line, const Commands& handlers) {
  return handlers.run({line.given.config, line.given.state, line.log_level, line.run.once});
}

int handle_check(const Line& line, const Commands& handlers) {
  return handlers.check({line.given.config, line.check.probe, line.check.json});
}

int handle_explain(const Line& line, const Commands& handlers) {
  return handlers.explain({line.given.config, line.given.state, line.explain.id, line.explain.json});
}

template <int command(const ClientOptions&)>
int handle_client(const Line& line, const Commands&) {
  ClientOptions options = line.client;
  options.where = line.given;
  return command(options);
}

int handle_dead(const Line& line, const Commands&) {
  ClientOptions options = line.client;
  options.where = line.given;
  return line.dead(options);
}

void declare_secret(CLI::App& app, Line& line) {
  app.add_flag("--ed25519", line.key_pair, "a pair: whsk_… for vhookd to sign with, and its whpk_… to verify with");
}

int print_line(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  return exit_code::done;
}

int handle_secret(const Line& line, const Commands&) {
  if (!line.key_pair) return print_line("whsec_" + base64(random_bytes(32)) + "\n");
  const KeyPair pair = fresh_key_pair();
  return print_line(pair.secret_text + "\n" + pair.public_text + "\n");
}

constexpr std::array commands = {
    Command{"run", "[--once]", "the daemon, in the foreground", declare_run, handle_run},
    Command{"check", "[--probe] [--json]", "validate the configuration", declare_check, handle_check},
    Command{"explain", "ID [--json]", "how a webhook is polled, what is promised, and its first page; sends nothing",
            declare_explain, handle_explain},
    Command{"init", "DB_URL|-", "print a commented configuration for a database's tables", declare_init,
            [](const Line& line, const Commands& handlers) { return handlers.init(line.init); }},
    Command{"status", "[ID] [--watch] [--json]", "the webhooks: health, last and next check, lag, queue, last error",
            declare_status, handle_client<status_command>},
    Command{"runs", "ID [--json]", "a webhook's latest runs", declare_with_id, handle_client<runs_command>},
    Command{"trigger", "ID [--json]", "poll a webhook now and wait for the run", declare_with_id,
            handle_client<trigger_command>},
    Command{"pause", "ID [--json]", "stop polling and sending; changes wait at the source", declare_with_id,
            handle_client<pause_command>},
    Command{"resume", "ID [--json]", "go on after a pause", declare_with_id, handle_client<resume_command>},
    Command{"reload", "[--json]", "read the configuration again, whole or not at all", declare_reload,
            handle_client<reload_command>},
    Command{"dead", "list [ID] | show PAGE | drop PAGE [--json]", "pages that ran out of retries", declare_dead,
            handle_dead},
    Command{"replay", "ID [--dead] [--from SEQ] [--to SEQ] [--since TIME] [--url URL] [--json]",
            "send again what is still kept", declare_replay, handle_replay},
    Command{"receive", "[--port N] [--secret …]… [--fail PCT] [--quiet] [--json]",
            "a receiver for trying out: verifies and prints what comes", declare_receive,
            [](const Line& line, const Commands& handlers) { return handlers.receive(line.receive); }},
    Command{"demo", "[--keep]", "a small shop, the daemon and a receiver: see webhooks arrive", declare_demo,
            [](const Line& line, const Commands& handlers) { return handlers.demo(line.demo); }},
    Command{"selftest", "--crash N [--rows N] [--fail PCT] [--json]",
            "kill a daemon again and again in a temporary folder, and see that nothing is lost", declare_selftest,
            [](const Line& line, const Commands& handlers) { return handlers.selftest(line.selftest); }},
    Command{"schema", "", "the configuration's JSON Schema, for editors", declare_nothing,
            [](const Line&, const Commands&) { return print_line(config::json_schema() + "\n"); }},
    Command{"secret", "[--ed25519]", "a fresh whsec_… to sign with", declare_secret, handle_secret},
    Command{"version", "", "version, build and linked libraries", declare_nothing,
            [](const Line&, const Commands&) { return print_line(version_text()); }},
};

const Command* find(std::string_view name) {
  const auto found = std::ranges::find_if(commands, [&](const Command& command) { return command.name == name; });
  return found == commands.end() ? nullptr : &*found;
}

std::string with_usage(const Command& command) {
  const std::string_view usage = command.usage;
  return std::string(command.name).append(usage.empty() ? "" : " ").append(usage);
}

// CLI11 cannot know what our usage lines say of the order of things.
class Help final : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* app, std::string name) const override {
    const Command* command = find(app->get_name());
    if (command == nullptr) return CLI::Formatter::make_usage(app, std::move(name));
    return "Usage: vhookd " + with_usage(*command) + "\n";
  }
};

void declare_globals(CLI::App& app, Line& line) {
  app.add_option("--config", line.given.config, "configuration file or folder [VHOOKD_CONFIG, /etc/vhookd/vhookd.yaml]")
      ->type_name("PATH");
  app.add_option("--state", line.given.state, "folder of the state [the configuration's, /var/lib/vhookd]")
      ->type_name("DIR");
  app.add_option("--log-level", line.log_level, "trace, debug, info, warn or error [the configuration's]")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"}));
}

void declare_all(CLI::App& app, Line& line) {
  app.name("vhookd");
  app.formatter(std::make_shared<Help>());
  app.set_version_flag("--version", version_text(), "the same as `vhookd version`");
  app.require_subcommand(1, 1);
  app.footer("`vhookd COMMAND --help` says more of a command.");
  declare_globals(app, line);
  for (const Command& command : commands) {
    CLI::App* sub = app.add_subcommand(command.name, command.help);
    sub->footer("Besides, for every command: --config PATH, --state DIR, --log-level LEVEL.");
    sub->fallthrough();  // so that these may stand after the command too
    command.declare(*sub, line);
  }
}

// The command's own usage where it is known which was meant.
std::string usage(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  const Command* command = parsed.empty() ? nullptr : find(parsed.front()->get_name());
  if (command == nullptr) return "usage: vhookd [OPTIONS] COMMAND …; `vhookd --help` lists the commands";
  const std::string name = command->name;
  return "usage: vhookd " + with_usage(*command) + "; `vhookd " + name + " --help` says more";
}

std::string reason(const CLI::App& app, const CLI::ParseError& error) {
  if (!app.get_subcommands().empty()) return error.what();
  std::vector<std::string> names;
  for (const Command& command : commands) names.emplace_back(command.name);
  for (const auto& word : app.remaining()) {
    if (word.starts_with('-')) return "unknown option " + word;
    const std::string near = config::nearest(word, names);
    return "unknown command \"" + word + "\"" + (near.empty() ? "" : "; did you mean \"" + near + "\"?");
  }
  return names.empty() || error.get_name() != "RequiredError" ? error.what() : "a command is missing";
}

}  // namespace

int command_line(int argc, const char* const* argv, const Commands& handlers) {
  Line line;
  CLI::App app("virtual webhooks for any database");
  declare_all(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wish) {  // --help, --version
    return app.exit(wish, std::cout, std::cerr);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "vhookd: %s\n%s\n", printable(reason(app, error)).c_str(), usage(app).c_str());
    return exit_code::wrong_usage;
  }
  const int code = find(app.get_subcommands().front()->get_name())->handle(line, handlers);
  // A full disk behind a redirection must not pass for success.
  return std::fflush(stdout) == 0 && std::ferror(stdout) == 0 ? code : exit_code::failed;
}

}  // namespace vhookd
