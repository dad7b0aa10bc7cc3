# cmake -DFOLDER=tools/page/built -DOUTPUT=page_files.cpp -P page_files.cmake: the page's files as C++, so that the program
# needs no file beside it, and no Node to be built. As numbers: a literal of text may not be as long.
set(texts "")
set(entries "")
foreach(file "index.html|/|text/html" "app.js|/app.js|text/javascript" "app.css|/app.css|text/css"
    "icon.svg|/icon.svg|image/svg+xml")
  string(REPLACE "|" ";" parts ${file})
  list(GET parts 0 name)
  list(GET parts 1 path)
  list(GET parts 2 type)
  file(READ ${FOLDER}/${name} bytes HEX)
  string(LENGTH "${bytes}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(REGEX REPLACE "(....................................................................................................)"
    "\\1\n" bytes "${bytes}")
  string(MAKE_C_IDENTIFIER ${name} identifier)
  string(APPEND texts "const unsigned char ${identifier}[] = {\n${bytes}0};\n")
  string(APPEND entries
    "      {\"${path}\", \"${type}; charset=utf-8\", {reinterpret_cast<const char*>(${identifier}), ${size}}},\n")
endforeach()
file(WRITE ${OUTPUT} "// Made by page_files.cmake.
#include \"serve/page_files.hpp\"

namespace livecca::tool {
namespace {

${texts}
}  // namespace

const PageFile* page_file(std::string_view path) {
  static const PageFile files[] = {
${entries}  };
  for (const PageFile& file : files) {
    if (file.path == path) return &file;
  }
  return nullptr;
}

}  // namespace livecca::tool
")
