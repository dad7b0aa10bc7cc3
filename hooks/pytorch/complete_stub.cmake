# nanobind writes NDArray and os.PathLike without what they hold; mypy --strict asks for it.
file(READ ${STUB} text)
string(REGEX REPLACE "NDArray([^[A-Za-z\n])" "NDArray[Any]\\1" text "${text}")
string(REGEX REPLACE "os\\.PathLike([^[])" "os.PathLike[str]\\1" text "${text}")
string(REPLACE "from typing import Annotated\n" "from typing import Annotated, Any\n" text "${text}")
file(WRITE ${STUB} "${text}")
