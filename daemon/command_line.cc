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

// The parsed command line. Each command uses its own part.
struct Arguments {
  PathOptions paths;  // --config and --state, before or after the command
  std::string log_level;
  RunOptions run;
  CheckOptions check;
  ExplainOptions explain;
  InitOptions init;
  DemoOptions demo;
  ReceiveOptions receive;
  SelftestOptions selftest;
  ClientOptions client;
  int (*dead)(const ClientOptions&) = dead_list_command;  // the subcommand of `dead`
  ReplayOptions replay;
  bool key_pair = false;
};

struct Command {
  const char* name;
  const char* usage;  // the arguments after the name
  const char* help;
  void (*declare)(CLI::App& app, Arguments& arguments);
  int (*handle)(const Arguments& arguments, const Commands& handlers);
};

void declare_nothing(CLI::App&, Arguments&) {}
void add_id(CLI::App& app, Arguments& arguments) {
  app.add_option("ID", arguments.client.id, "the webhook's id")->required();
}
void add_json(CLI::App& app, bool& json) {
  app.add_flag("--json", json, "print JSON");
}

void declare_with_id(CLI::App& app, Arguments& arguments) {
  add_id(app, arguments);
  add_json(app, arguments.client.json);
}

void declare_run(CLI::App& app, Arguments& arguments) {
  app.add_flag("--once", arguments.run.once,
               "poll every webhook once, deliver, and exit; exit code 0 if all succeeded");
}

void declare_check(CLI::App& app, Arguments& arguments) {
  app.add_flag("--probe", arguments.check.probe,
               "also connect to each database, check each table and resolve each hook_url");
  add_json(app, arguments.check.json);
}

void declare_explain(CLI::App& app, Arguments& arguments) {
  app.add_option("ID", arguments.explain.id, "the webhook's id")->required();
  add_json(app, arguments.explain.json);
}

void declare_init(CLI::App& app, Arguments& arguments) {
  app.add_option(
         "DB_URL", arguments.init.url,
         "postgresql://…, mysql://…, mariadb://… or sqlite:///path; - reads it from standard input, so that the "
         "process list does not show its password")
      ->required();
}

void declare_status(CLI::App& app, Arguments& arguments) {
  app.add_option("ID", arguments.client.id, "show all fields of one webhook; without ID, a table of all webhooks");
  app.add_flag("--watch", arguments.client.watch, "repeat every second, until Ctrl-C");
  add_json(app, arguments.client.json);
}

void declare_reload(CLI::App& app, Arguments& arguments) {
  add_json(app, arguments.client.json);
}

void declare_dead(CLI::App& app, Arguments& arguments) {
  app.require_subcommand(1, 1);
  CLI::App* list = app.add_subcommand("list", "list the pages that ran out of retries");
  list->add_option("ID", arguments.client.id, "the pages of one webhook; without ID, of all webhooks");
  CLI::App* show = app.add_subcommand("show", "show one page with its body");
  show->add_option("PAGE", arguments.client.page, "the page's id, from `dead list`")->required();
  show->callback([&arguments] { arguments.dead = dead_show_command; });
  CLI::App* drop = app.add_subcommand("drop", "delete one page; the pages after it are sent");
  drop->add_option("PAGE", arguments.client.page, "the page's id, from `dead list`")->required();
  drop->callback([&arguments] { arguments.dead = dead_drop_command; });
  for (CLI::App* sub : {list, show, drop}) {
    sub->fallthrough();
    add_json(*sub, arguments.client.json);
  }
}

void declare_replay(CLI::App& app, Arguments& arguments) {
  ReplayOptions& what = arguments.replay;
  const CLI::Range sequence(std::uint64_t{1}, (std::uint64_t{1} << 53) - 1);
  add_id(app, arguments);
  app.add_flag("--dead", what.dead, "replay dead pages instead of kept delivered pages");
  app.add_option("--from", what.from, "pages with this sequence number or a higher one")
      ->check(sequence)
      ->type_name("SEQ");
  app.add_option("--to", what.to, "pages with this sequence number or a lower one")->check(sequence)->type_name("SEQ");
  app.add_option("--since", what.since, "pages delivered, or dead, since this time, such as 2026-11-23T09:00:00Z")
      ->type_name("TIME")
      ->check([](const std::string& text) {
        return parse_rfc3339(text) ? std::string() : "expected a time such as 2026-11-23T09:00:00Z, found " + text;
      });
  app.add_option("--url", what.url, "send the pages to this URL; to another host, without the webhook's own headers")
      ->type_name("URL")
      ->check([](const std::string& text) {
        const auto fault = config::hook_url_error(text);
        return fault.empty() ? fault : "the URL " + fault;
      });
  app.callback([&what] {
    if (!what.dead && what.from == 0 && what.to == 0 && what.since.empty())
      throw CLI::RequiredError("select the pages with --dead, --from, --to or --since");
    if (what.to != 0 && what.from > what.to) throw CLI::ValidationError("--from", "is greater than --to");
  });
  add_json(app, arguments.client.json);
}

int handle_replay(const Arguments& arguments, const Commands&) {
  ClientOptions options = arguments.client;
  options.where = arguments.paths;
  return replay_command(options, arguments.replay);
}

void declare_receive(CLI::App& app, Arguments& arguments) {
  ReceiveOptions& options = arguments.receive;
  app.add_option("--port", options.port, "the port to listen on, on 127.0.0.1")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  app.add_option("--secret", options.secrets,
                 "a whsec_… or whpk_… to verify signatures with; may be given several times")
      ->allow_extra_args(false);
  app.add_option("--fail", options.fail_percent, "answer 500 to this percentage of requests")
      ->check(CLI::Range(0, 100));
  app.add_flag("--quiet", options.quiet, "do not print the records");
  add_json(app, options.json);
}

void declare_demo(CLI::App& app, Arguments& arguments) {
  app.add_flag("--keep", arguments.demo.keep, "keep the folder of the demo");
}

void declare_selftest(CLI::App& app, Arguments& arguments) {
  SelftestOptions& options = arguments.selftest;
  app.add_option("--crash", options.kills,
                 "kill a daemon this many times while rows change, and check that nothing is lost")
      ->check(CLI::Range(1, 1'000'000))
      ->required();
  app.add_option("--rows", options.changes, "how many rows change during the test [50 per kill]")
      ->check(CLI::Range(1, 100'000'000));
  app.add_option("--fail", options.fail_percent, "the percentage of POSTs that the receiver answers 500")
      ->check(CLI::Range(0, 95))
      ->capture_default_str();
  add_json(app, options.json);
}

int handle_run(const Arguments& arguments, const Commands& handlers) {
  return handlers.run({arguments.paths.config, arguments.paths.state, arguments.log_level, arguments.run.once});
}

int handle_check(const Arguments& arguments, const Commands& handlers) {
  return handlers.check({arguments.paths.config, arguments.check.probe, arguments.check.json});
}

int handle_explain(const Arguments& arguments, const Commands& handlers) {
  return handlers.explain(
      {arguments.paths.config, arguments.paths.state, arguments.explain.id, arguments.explain.json});
}

template <int command(const ClientOptions&)>
int handle_client(const Arguments& arguments, const Commands&) {
  ClientOptions options = arguments.client;
  options.where = arguments.paths;
  return command(options);
}

int handle_dead(const Arguments& arguments, const Commands&) {
  ClientOptions options = arguments.client;
  options.where = arguments.paths;
  return arguments.dead(options);
}

void declare_secret(CLI::App& app, Arguments& arguments) {
  app.add_flag("--ed25519", arguments.key_pair,
               "print a key pair: whsk_… for vhookd to sign with, whpk_… for receivers to verify with");
}

int print_line(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  return exit_code::done;
}

int handle_secret(const Arguments& arguments, const Commands&) {
  if (!arguments.key_pair) return print_line("whsec_" + base64(random_bytes(32)) + "\n");
  const KeyPair pair = fresh_key_pair();
  return print_line(pair.secret_text + "\n" + pair.public_text + "\n");
}

constexpr std::array commands = {
    Command{"run", "[--once]", "run the daemon in the foreground", declare_run, handle_run},
    Command{"check", "[--probe] [--json]", "validate the configuration", declare_check, handle_check},
    Command{"explain", "ID [--json]",
            "show how a webhook is polled, what is promised, and its first page; sends nothing", declare_explain,
            handle_explain},
    Command{"init", "DB_URL|-", "print a commented configuration for a database's tables", declare_init,
            [](const Arguments& arguments, const Commands& handlers) { return handlers.init(arguments.init); }},
    Command{"status", "[ID] [--watch] [--json]",
            "show the webhooks: health, last and next poll, lag, queue, last error", declare_status,
            handle_client<status_command>},
    Command{"runs", "ID [--json]", "show the latest polls of a webhook", declare_with_id, handle_client<runs_command>},
    Command{"trigger", "ID [--json]", "poll a webhook now and wait for the result", declare_with_id,
            handle_client<trigger_command>},
    Command{"pause", "ID [--json]", "pause a webhook: no polls, no POSTs; changes wait in the database",
            declare_with_id, handle_client<pause_command>},
    Command{"resume", "ID [--json]", "resume a paused webhook", declare_with_id, handle_client<resume_command>},
    Command{"reload", "[--json]", "reload the configuration; if it is not valid, the current one stays active",
            declare_reload, handle_client<reload_command>},
    Command{"dead", "list [ID] | show PAGE | drop PAGE [--json]", "list, show or drop pages that ran out of retries",
            declare_dead, handle_dead},
    Command{"replay", "ID [--dead] [--from SEQ] [--to SEQ] [--since TIME] [--url URL] [--json]",
            "send kept or dead pages again", declare_replay, handle_replay},
    Command{"receive", "[--port N] [--secret …]… [--fail PCT] [--quiet] [--json]",
            "run a test receiver that verifies and prints webhooks", declare_receive,
            [](const Arguments& arguments, const Commands& handlers) { return handlers.receive(arguments.receive); }},
    Command{"demo", "[--keep]", "run vhookd on a small example database and print the webhooks that arrive",
            declare_demo,
            [](const Arguments& arguments, const Commands& handlers) { return handlers.demo(arguments.demo); }},
    Command{"selftest", "--crash N [--rows N] [--fail PCT] [--json]",
            "kill a daemon repeatedly in a temporary folder, and check that nothing is lost", declare_selftest,
            [](const Arguments& arguments, const Commands& handlers) { return handlers.selftest(arguments.selftest); }},
    Command{"schema", "", "print the JSON Schema of the configuration, for editors", declare_nothing,
            [](const Arguments&, const Commands&) { return print_line(config::json_schema() + "\n"); }},
    Command{"secret", "[--ed25519]", "print a new whsec_… secret for signing", declare_secret, handle_secret},
    Command{"version", "", "print version, build and linked libraries", declare_nothing,
            [](const Arguments&, const Commands&) { return print_line(version_text()); }},
};

const Command* find(std::string_view name) {
  const auto found = std::ranges::find_if(commands, [&](const Command& command) { return command.name == name; });
  return found == commands.end() ? nullptr : &*found;
}

std::string with_usage(const Command& command) {
  const std::string_view usage = command.usage;
  return std::string(command.name).append(usage.empty() ? "" : " ").append(usage);
}

// Prints our usage lines, because CLI11 does not know the order of the arguments.
class Help final : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* app, std::string name) const override {
    const Command* command = find(app->get_name());
    if (command == nullptr) return CLI::Formatter::make_usage(app, std::move(name));
    return "Usage: vhookd " + with_usage(*command) + "\n";
  }
};

void declare_globals(CLI::App& app, Arguments& arguments) {
  app.add_option("--config", arguments.paths.config,
                 "configuration file or folder [$VHOOKD_CONFIG, else /etc/vhookd/vhookd.yaml]")
      ->type_name("PATH");
  app.add_option("--state", arguments.paths.state,
                 "folder of the state [state in the configuration, else /var/lib/vhookd]")
      ->type_name("DIR");
  app.add_option("--log-level", arguments.log_level,
                 "trace, debug, info, warn or error [log.level in the configuration]")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"}));
}

void declare_all(CLI::App& app, Arguments& arguments) {
  app.name("vhookd");
  app.formatter(std::make_shared<Help>());
  app.set_help_flag("-h,--help", "print this help");
  app.set_version_flag("--version", version_text(), "print the same as `vhookd version`");
  app.require_subcommand(1, 1);
  app.footer("`vhookd COMMAND --help` shows the options of a command.");
  declare_globals(app, arguments);
  for (const Command& command : commands) {
    CLI::App* sub = app.add_subcommand(command.name, command.help);
    sub->footer("Every command also accepts --config PATH, --state DIR and --log-level LEVEL.");
    sub->fallthrough();  // accepts the global options after the command as well
    command.declare(*sub, arguments);
  }
}

// The usage of the command, if it is known.
std::string usage(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  const Command* command = parsed.empty() ? nullptr : find(parsed.front()->get_name());
  if (command == nullptr) return "usage: vhookd [OPTIONS] COMMAND …; `vhookd --help` lists the commands";
  const std::string name = command->name;
  return "usage: vhookd " + with_usage(*command) + "; `vhookd " + name + " --help` shows the options";
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
  Arguments arguments;
  CLI::App app("Polls database tables and sends changed rows as signed webhooks.");
  declare_all(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& request) {  // --help, --version
    return app.exit(request, std::cout, std::cerr);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "vhookd: %s\n%s\n", printable(reason(app, error)).c_str(), usage(app).c_str());
    return exit_code::wrong_usage;
  }
  const int code = find(app.get_subcommands().front()->get_name())->handle(arguments, handlers);
  // A write error, such as a full disk behind a redirection, is a failure.
  return std::fflush(stdout) == 0 && std::ferror(stdout) == 0 ? code : exit_code::failed;
}

}  // namespace vhookd
