# bash completion for vhookd(1)                                                    -*- shell-script -*-
# The webhooks' ids are asked of the running daemon, and only where it answers at once.

_vhookd_ids() {
  timeout 2 vhookd "$@" status --json 2> /dev/null | sed -nE 's/^ {4}"id": "([A-Za-z0-9._-]+)",?$/\1/p'
}

_vhookd_pages() {
  timeout 2 vhookd "$@" dead list --json 2> /dev/null | sed -nE 's/^ *"(page|id)": "([A-Za-z0-9._-]+)",?$/\2/p'
}

_vhookd() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  local word command='' second='' where=() words='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    case $word in
      --config | --state)
        where+=("$word" "${COMP_WORDS[i + 1]-}")
        ((i++))
        ;;
      --log-level | --port | --secret | --fail) ((i++)) ;;
      -*) ;;
      *) if [ -z "$command" ]; then command=$word; elif [ -z "$second" ]; then second=$word; fi ;;
    esac
  done
  case $prev in
    --config)
      mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      return
      ;;
    --state)
      mapfile -t COMPREPLY < <(compgen -d -- "$cur")
      return
      ;;
    --log-level) words='trace debug info warn error' ;;
    --port | --secret | --fail) return ;;
    *)
      words='--config --state --log-level --help'
      case $command in
        '') words+=' --version run check explain init status runs trigger pause resume reload dead replay receive demo schema secret version' ;;
        run) words+=' --once' ;;
        check) words+=' --probe --json' ;;
        init) words+=' postgresql:// mysql:// mariadb:// sqlite:/// -' ;;
        status) words+=' --watch --json' ;;
        explain | runs | trigger | pause | resume | reload) words+=' --json' ;;
        replay) words+=' --dead --json' ;;
        dead) if [ -z "$second" ]; then words+=' list show drop'; else words+=' --json'; fi ;;
        receive) words+=' --port --secret --fail --quiet --json' ;;
        demo) words+=' --keep' ;;
      esac
      case $command:$second:$cur in
        *:*:-*) ;;
        explain::* | status::* | runs::* | trigger::* | pause::* | resume::* | replay::* | dead:list:*)
          words+=" $(_vhookd_ids "${where[@]}")" ;;
        dead:show:* | dead:drop:*) words+=" $(_vhookd_pages "${where[@]}")" ;;
      esac
      ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
} && complete -F _vhookd vhookd
