// What the daemon tells systemd (sd_notify(3)), heard on a socket that stands in for systemd's own.
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/program/fixture.h"

namespace vhookd::testing {
namespace {

class NotifyTest : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    if (IsSkipped()) return;
    socket_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    shop_->run("CREATE TABLE things (id INTEGER PRIMARY KEY)");
    daemon_ = std::make_unique<Daemon>(yaml({{}}), Environment{{"NOTIFY_SOCKET", path()}});
  }
  void TearDown() override {
    daemon_.reset();
    close(socket_);
  }

  std::string path() const { return (folder_.path() / "notify").string(); }

  // The next message, of those that are not of `skip`; empty: none came.
  std::string heard(const std::string& skip = "WATCHDOG=1") {
    std::string message;
    eventually([&] {
      pollfd ready{.fd = socket_, .events = POLLIN, .revents = 0};
      if (poll(&ready, 1, 100) != 1) return false;
      message.resize(4096);
      const auto size = recv(socket_, message.data(), message.size(), 0);
      message.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
      return !message.starts_with(skip) && !message.starts_with("STATUS=");
    });
    return message;
  }

  const TempFolder folder_;
  int socket_ = -1;
};

TEST_F(NotifyTest, SaysReadyAliveReloadingAndStopping) {
  daemon_->start();
  EXPECT_EQ(heard(), "READY=1\nSTATUS=1 webhook: 1 healthy, 0 unhealthy, 0 paused; 0 pages queued");
  EXPECT_EQ(heard("nothing"), "WATCHDOG=1");

  daemon_->configure(yaml({{}, {{"id", "x"}, {"is_paused", "true"}}}));
  daemon_->program().signal(SIGHUP);
  const auto reloading = heard();
  EXPECT_TRUE(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC=")) << reloading;
  EXPECT_EQ(heard(), "READY=1\nSTATUS=2 webhooks: 1 healthy, 0 unhealthy, 1 paused; 0 pages queued");

  daemon_->configure("oops: true\n");
  daemon_->program().signal(SIGHUP);
  EXPECT_TRUE(heard().starts_with("RELOADING=1"));
  EXPECT_EQ(heard(), "READY=1\nSTATUS=reload rejected; the previous configuration stays active");

  daemon_->program().signal(SIGTERM);
  EXPECT_TRUE(heard().starts_with("STOPPING=1"));
  EXPECT_EQ(daemon_->program().wait(), 0);
}

TEST_F(NotifyTest, SaysNothingOfAConfigurationThatIsWrong) {
  daemon_->configure("oops: true\n");
  const auto ended = daemon_->ask({"run"});
  EXPECT_EQ(ended.code, 78);
  pollfd ready{.fd = socket_, .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&ready, 1, 0), 0);
}

}  // namespace
}  // namespace vhookd::testing
