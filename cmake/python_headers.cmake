# Sets Python_INCLUDE_DIR if the interpreter has no headers. Debian and Ubuntu keep those of their own Python apart, in
# libpython3.X-dev, and no package on PyPI has them. That package is then downloaded and unpacked in the build folder:
# apt checks its signature, the user needs not be root, and nothing is installed.
execute_process(COMMAND ${Python_EXECUTABLE} -c
  "import sys, sysconfig; print(sysconfig.get_path('include') + ';%d.%d;' % sys.version_info[:2] + sys.base_prefix)"
  OUTPUT_VARIABLE python_facts OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
list(GET python_facts 0 headers)
list(GET python_facts 1 version)
list(GET python_facts 2 prefix)
if(EXISTS ${headers}/Python.h)
  return()
endif()

set(package libpython${version}-dev)
set(unpacked ${CMAKE_BINARY_DIR}/pypi/${package})
set(headers ${unpacked}/usr/include/python${version})
if(prefix STREQUAL "/usr" AND NOT EXISTS ${headers}/Python.h)
  message(STATUS "Python's headers are not installed: downloading ${package} to build with them")
  file(MAKE_DIRECTORY ${unpacked})
  execute_process(COMMAND apt-get download --quiet ${package} WORKING_DIRECTORY ${unpacked}
    RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
  file(GLOB archive ${unpacked}/*.deb)
  if(NOT failed AND archive)
    execute_process(COMMAND dpkg-deb --extract ${archive} ${unpacked})
    # pyconfig.h includes the machine's own by a path that starts here.
    file(GLOB of_machine ${unpacked}/usr/include/*-linux-*)
    file(COPY ${of_machine} DESTINATION ${headers})
  endif()
endif()
if(NOT EXISTS ${headers}/Python.h)
  message(FATAL_ERROR "expected Python's headers (Python.h) of ${Python_EXECUTABLE}, got none: "
    "install python${version}-dev (Debian, Ubuntu) or python3-devel (Fedora), then run pip again")
endif()
set(Python_INCLUDE_DIR ${headers} CACHE PATH "" FORCE)
