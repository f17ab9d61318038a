#include "daemon/command_line.h"

int main(int argc, char** argv) {
  return vhookd::command_line(
      argc, argv, {vhookd::run_command, vhookd::check_command, vhookd::demo_command, vhookd::receive_command});
}
