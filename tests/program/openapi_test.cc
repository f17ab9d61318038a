// The OpenAPI document that the daemon serves: valid by the standard, and true.
#include "tests/program/fixture.h"
#include "tests/support/hook.h"
#include "tests/support/http_client.h"
#include "tests/support/node.h"
#include "tests/support/paths.h"

namespace vhookd::testing {
namespace {

const std::string document = source_dir() + "/daemon/page/openapi.json";

TEST(OpenApi, IsValidByTheStandardsOwnSchema) {
  std::string why;
  const auto validator = npm_package("@seriousme/openapi-schema-validator@2.11.0", why);
  if (validator.empty()) GTEST_SKIP() << "NO VALIDATOR: " << why;
  const std::string script =
      "import('" + validator +
      "/node_modules/@seriousme/openapi-schema-validator/index.js').then(async ({Validator}) => {"
      "const said = await new Validator().validate(process.argv[1]); console.log(JSON.stringify(said.errors ?? ''));"
      "process.exit(said.valid ? 0 : 1); })";
  std::string said;
  EXPECT_EQ(run_shell("timeout 60 node -e \"" + script + "\" " + document, said), 0) << said;
  TempFolder folder;
  const auto broken = folder.path() / "broken.json";
  EXPECT_EQ(run_shell("sed s/operationId/operationsId/ " + std::string(document) + " > " + broken.string(), said), 0);
  EXPECT_NE(run_shell("timeout 60 node -e \"" + script + "\" " + broken.string(), said), 0) << "it finds no fault";
}

class OpenApiTest : public ProgramTest {};

TEST_F(OpenApiTest, TellsOfEveryRouteAndEveryAnswer) {
  shop_->run("CREATE TABLE things (id INTEGER PRIMARY KEY, note TEXT)");
  shop_->run("INSERT INTO things VALUES (1, 'one')");
  const Hook never([](std::size_t) { return "404 No"; });
  const int port = free_port();
  daemon_ = std::make_unique<Daemon>(
      "api: {listen: '127.0.0.1:" + std::to_string(port) +
      "', token: let-me-in-please}\negress: {allow: [127.0.0.0/8]}\n" +
      yaml({{{"include_all", "true"}},
            {{"id", "dying"}, {"include_all", "true"}, {"hook_url", never.url()}, {"retry", "{for: 0s}"}}}));
  daemon_->start();
  polled("w");
  ASSERT_TRUE(daemon_->reaches("dying", [](const Json& status) { return status["dead_pages"] == 1; }));
  std::string said;
  const int code =
      run_shell("timeout 100 python3 -W ignore " + source_dir() + "/tests/program/openapi.py " + std::to_string(port) +
                    " let-me-in-please " + source_dir() + "/daemon/api/api.cc " + receiver_->url(),
                said);
  if (code == 77) GTEST_SKIP() << "NO VALIDATOR: " << said;
  EXPECT_EQ(code, 0) << said;
}

}  // namespace
}  // namespace vhookd::testing
