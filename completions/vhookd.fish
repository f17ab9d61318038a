# fish completion for vhookd(1). Webhook ids come from the running daemon.

# --config and --state on the command line so far, which select the daemon.
function __vhookd_where
    set -l words (commandline -opc)
    for i in (seq (count $words))
        if string match -qr -- '^--(config|state)=' $words[$i]
            echo $words[$i]
        else if contains -- $words[$i] --config --state; and set -q words[(math $i + 1)]
            printf '%s\n' $words[$i] $words[(math $i + 1)]
        end
    end
end

function __vhookd_ids
    timeout 2 vhookd (__vhookd_where) status --json 2>/dev/null | string match -ar '"id":"[A-Za-z0-9._-]+"' | string replace -r '.*"([^"]+)"$' '$1'
end

function __vhookd_pages
    timeout 2 vhookd (__vhookd_where) dead list --json 2>/dev/null | string match -ar '"page":"[A-Za-z0-9._-]+"' | string replace -r '.*"([^"]+)"$' '$1'
end

set -l commands run check explain init status runs trigger pause resume reload dead replay receive demo selftest schema secret version

complete -c vhookd -f
complete -c vhookd -s h -l help -d 'Show help'
complete -c vhookd -l version -n '__fish_use_subcommand' -d 'Print version, build and linked libraries'
complete -c vhookd -l config -r -F -d 'Configuration file or folder'
complete -c vhookd -l state -x -a '(__fish_complete_directories)' -d 'Folder of the state'
complete -c vhookd -l log-level -x -a 'trace debug info warn error' -d 'Lowest level that is logged'

complete -c vhookd -n "not __fish_seen_subcommand_from $commands" -a run -d 'Run the daemon in the foreground'
complete -c vhookd -n "not __fish_seen_subcommand_from $commands" -a check -d 'Validate the configuration'
complete -c vhookd -n "not __fish_seen_subcommand_from $commands" -a explain -d 'Show how a webhook is polled, what is promised, its first page'
complete -c vhookd -n "not __fish_seen_subcommand_from $commands" -a init -d "Print a commented configuration for a database's tables"
complete -c vhookd -n "not __fish_seen_subcommand_from $commands" -a status -d 'Show the webhooks: health, polls, lag, queue, last error'
complete -c vhookd -n "not __fish_seen_subcommand_from $commands" -a runs -d 'Show the latest polls of a webhook'
complete -c vhookd -n "not __fish_seen_subcommand_from $commands" -a trigger -d 'Poll a webhook now and wait for the result'
complete -c vhookd -n "not __fish_seen_subcommand_from $commands" -a pause -d 'Pause a webhook: no polls, no POSTs; changes wait in the database'
complete -c vhookd -n "not __fish_seen_subcommand_from $commands" -a resume -d 'Resume a paused webhook'
complete -c vhookd -n "not __fish_seen_subcommand_from $commands" -a reload -d 'Reload the configuration; if it is not valid, the current one stays active'
complete -c vhookd -n "not __fish_seen_subcommand_from $commands" -a dead -d 'List, show or drop pages that ran out of retries'
complete -c vhookd -n "not __fish_seen_subcommand_from $commands" -a replay -d 'Send kept or dead pages again'
complete -c vhookd -n "not __fish_seen_subcommand_from $commands" -a receive -d 'Run a test receiver that verifies and prints webhooks'
complete -c vhookd -n "not __fish_seen_subcommand_from $commands" -a demo -d 'Run vhookd on a small example database'
complete -c vhookd -n "not __fish_seen_subcommand_from $commands" -a selftest -d 'Kill a daemon repeatedly, and check that nothing is lost'
complete -c vhookd -n "not __fish_seen_subcommand_from $commands" -a schema -d 'Print the JSON Schema of the configuration, for editors'
complete -c vhookd -n "not __fish_seen_subcommand_from $commands" -a secret -d 'Print a new whsec_… secret for signing'
complete -c vhookd -n "not __fish_seen_subcommand_from $commands" -a version -d 'Print version, build and linked libraries'

complete -c vhookd -n '__fish_seen_subcommand_from run' -l once -d 'Poll every webhook once, deliver, and exit'
complete -c vhookd -n '__fish_seen_subcommand_from check' -l probe -d 'Also check databases, tables and hook URLs'
complete -c vhookd -n '__fish_seen_subcommand_from check explain status runs trigger pause resume reload replay receive selftest' -l json -d 'Print JSON'
complete -c vhookd -n '__fish_seen_subcommand_from list show drop' -l json -d 'Print JSON'
complete -c vhookd -n '__fish_seen_subcommand_from status' -l watch -d 'Repeat every second'
complete -c vhookd -n '__fish_seen_subcommand_from replay' -l dead -d 'Replay dead pages'
complete -c vhookd -n '__fish_seen_subcommand_from replay' -l from -x -d 'Lowest sequence number'
complete -c vhookd -n '__fish_seen_subcommand_from replay' -l to -x -d 'Highest sequence number'
complete -c vhookd -n '__fish_seen_subcommand_from replay' -l since -x -d 'Delivered or dead since this time'
complete -c vhookd -n '__fish_seen_subcommand_from replay' -l url -x -d 'Send the pages to this URL'
complete -c vhookd -n '__fish_seen_subcommand_from secret' -l ed25519 -d 'Key pair for v1a signatures'
complete -c vhookd -n '__fish_seen_subcommand_from init' -a 'postgresql:// mysql:// mariadb:// sqlite:///'
complete -c vhookd -n '__fish_seen_subcommand_from explain status runs trigger pause resume replay list' -a '(__vhookd_ids)' -d webhook
complete -c vhookd -n '__fish_seen_subcommand_from dead; and not __fish_seen_subcommand_from list show drop' -a list -d 'List the pages that ran out of retries'
complete -c vhookd -n '__fish_seen_subcommand_from dead; and not __fish_seen_subcommand_from list show drop' -a show -d 'Show one page with its body'
complete -c vhookd -n '__fish_seen_subcommand_from dead; and not __fish_seen_subcommand_from list show drop' -a drop -d 'Delete one page; the pages after it are sent'
complete -c vhookd -n '__fish_seen_subcommand_from show drop' -a '(__vhookd_pages)' -d page
complete -c vhookd -n '__fish_seen_subcommand_from receive' -l port -x -d 'Port to listen on, on 127.0.0.1'
complete -c vhookd -n '__fish_seen_subcommand_from receive' -l secret -x -d 'Secret to verify signatures with; may be given several times'
complete -c vhookd -n '__fish_seen_subcommand_from receive' -l fail -x -d 'Answer 500 to this percentage of requests'
complete -c vhookd -n '__fish_seen_subcommand_from receive' -l quiet -d 'Do not print the records'
complete -c vhookd -n '__fish_seen_subcommand_from demo' -l keep -d 'Keep the folder of the demo'
complete -c vhookd -n '__fish_seen_subcommand_from selftest' -l crash -x -d 'How often the daemon is killed'
complete -c vhookd -n '__fish_seen_subcommand_from selftest' -l rows -x -d 'How many rows change'
complete -c vhookd -n '__fish_seen_subcommand_from selftest' -l fail -x -d 'Percentage of requests answered 500'
