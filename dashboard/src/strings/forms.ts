// What is wrong with what somebody typed or chose, and what would be right.
export const wrong = {
  publish: {
    noJson: 'This is not JSON. Choose a STIX 2.1 bundle or object.',
    tooMuch: (objects: number, kilobytes: number) => `This page publishes ${objects} objects and ${kilobytes} kB at once at most. For this file use: hansa --as MEMBER exchange publish FILE`,
    noObject: 'it is no STIX object',
    noId: 'its id is not type--uuid',
    otherType: 'its id names another type',
    noVersion: 'it has neither modified nor created: publish it with hansa exchange publish',
    future: 'its version lies in the future',
    narrow: 'its TLP is narrower than GREEN: such objects are never published in the clear',
  },
  raise: {
    noAddress: (text: string) => `“${text}” is no address: write 0x and 40 digits.`,
    zero: 'The zero address cannot be a target.',
    twice: 'An address is named twice.',
    tooMany: (most: number) => `One alert names ${most} addresses at most.`,
    own: 'You cannot warn about your own address.',
    grounds: 'The grounds are a STIX id: type--uuid. Choose one of the list, or publish one first.',
    reason: (most: number) => `The reason is longer than ${most} bytes.`,
    tooLong: (days: number) => `An alert holds ${days} days at most.`,
  },
  abi: {
    noJson: 'This is not JSON. Paste the list that the compiler calls "abi", or its whole output.',
    none: 'There is no ABI in it: a list of entries with a "type" is needed.',
    unusable: (why: string) => `It cannot be used: ${why}`,
    unknown: 'unknown',
  },
};
