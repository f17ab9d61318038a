#include "daemon/command_line.h"

int main(int argc, char** argv) {
  return vhookd::command_line(argc, argv,
                              {.run = vhookd::run_command,
                               .check = vhookd::check_command,
                               .demo = vhookd::demo_command,
                               .receive = vhookd::receive_command,
                               .explain = vhookd::explain_command,
                               .init = vhookd::init_command,
                               .selftest = vhookd::selftest_command});
}
