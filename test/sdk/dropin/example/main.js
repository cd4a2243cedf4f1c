/** The SDK's own example, as the SDK has it, over our client. */

import "dialect";
import "example";

export default function () {}
