# bash completion for vhookd(1)                                                    -*- shell-script -*-
# Webhook ids come from the running daemon, if it answers within 2 seconds.

_vhookd_ids() {
  timeout 2 vhookd "$@" status --json 2> /dev/null | grep -oE '"id":"[A-Za-z0-9._-]+"' | cut -d '"' -f 4
}

_vhookd_pages() {
  timeout 2 vhookd "$@" dead list --json 2> /dev/null | grep -oE '"page":"[A-Za-z0-9._-]+"' | cut -d '"' -f 4
}

_vhookd() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  local word command='' second='' where=() words='' i
  COMPREPLY=()
  # readline splits words at "=": --state=DIR is three words.
  if [ "$cur" = = ]; then
    cur=''
  elif [ "$prev" = = ]; then
    prev=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    case $word in
      --config | --state | --log-level | --port | --secret | --fail | --crash | --rows | --from | --to | --since | --url)
        if [ "${COMP_WORDS[i + 1]-}" = = ]; then ((i++)); fi
        ((i++))
        case $word in --config | --state) where+=("$word" "${COMP_WORDS[i]-}") ;; esac
        ;;
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
    --port | --secret | --fail | --crash | --rows | --from | --to | --since | --url) return ;;
    *)
      words='--config --state --log-level --help'
      case $command in
        '') words+=' --version run check explain init status runs trigger pause resume reload dead replay receive demo selftest schema secret version' ;;
        run) words+=' --once' ;;
        check) words+=' --probe --json' ;;
        init) words+=' postgresql:// mysql:// mariadb:// sqlite:/// -' ;;
        status) words+=' --watch --json' ;;
        explain | runs | trigger | pause | resume | reload) words+=' --json' ;;
        replay) words+=' --dead --from --to --since --url --json' ;;
        secret) words+=' --ed25519' ;;
        dead) if [ -z "$second" ]; then words+=' list show drop'; else words+=' --json'; fi ;;
        receive) words+=' --port --secret --fail --quiet --json' ;;
        demo) words+=' --keep' ;;
        selftest) words+=' --crash --rows --fail --json' ;;
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
  # A URL continues after the completion.
  if [[ ${COMPREPLY[0]-} == *:/* ]]; then compopt -o nospace 2> /dev/null; fi
} && complete -F _vhookd vhookd
