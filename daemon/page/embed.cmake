# Writes OUT, a C++ source that contains FILES (of this folder) as text, so that the binary includes the status page.
set(text "#include \"daemon/page/page_assets.h\"\n\nnamespace vhookd {\n\nstd::string_view page_asset(std::string_view name) {\n")
foreach(file IN LISTS FILES)
  file(READ "${CMAKE_CURRENT_LIST_DIR}/${file}" content)
  string(APPEND text "  if (name == \"${file}\") return R\"asset(${content})asset\";\n")
endforeach()
string(APPEND text "  return {};\n}\n\n}  // namespace vhookd\n")
file(WRITE "${OUT}" "${text}")
