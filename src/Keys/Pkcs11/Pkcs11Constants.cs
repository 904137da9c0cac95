namespace MeshGrains.Keys.Pkcs11;

// Values of the OASIS PKCS #11 specification 2.40, under their own names.
internal static class CKR
{
    public const ulong OK = 0;
    public const ulong HOST_MEMORY = 0x2;
    public const ulong SLOT_ID_INVALID = 0x3;
    public const ulong GENERAL_ERROR = 0x5;
    public const ulong FUNCTION_FAILED = 0x6;
    public const ulong ARGUMENTS_BAD = 0x7;
    public const ulong DEVICE_ERROR = 0x30;
    public const ulong DEVICE_MEMORY = 0x31;
    public const ulong DEVICE_REMOVED = 0x32;
    public const ulong ENCRYPTED_DATA_INVALID = 0x40;
    public const ulong ENCRYPTED_DATA_LEN_RANGE = 0x41;
    public const ulong FUNCTION_NOT_SUPPORTED = 0x54;
    public const ulong MECHANISM_INVALID = 0x70;
    public const ulong MECHANISM_PARAM_INVALID = 0x71;
    public const ulong PIN_INCORRECT = 0xA0;
    public const ulong PIN_INVALID = 0xA1;
    public const ulong PIN_LEN_RANGE = 0xA2;
    public const ulong PIN_EXPIRED = 0xA3;
    public const ulong PIN_LOCKED = 0xA4;
    public const ulong SESSION_CLOSED = 0xB0;
    public const ulong SESSION_HANDLE_INVALID = 0xB3;
    public const ulong TOKEN_NOT_PRESENT = 0xE0;
    public const ulong TOKEN_NOT_RECOGNIZED = 0xE1;
    public const ulong USER_ALREADY_LOGGED_IN = 0x100;
    public const ulong USER_NOT_LOGGED_IN = 0x101;
    public const ulong USER_PIN_NOT_INITIALIZED = 0x102;
    public const ulong CRYPTOKI_ALREADY_INITIALIZED = 0x191;
}

internal static class CKA
{
    public const ulong CLASS = 0x0;
    public const ulong TOKEN = 0x1;
    public const ulong PRIVATE = 0x2;
    public const ulong LABEL = 0x3;
    public const ulong KEY_TYPE = 0x100;
    public const ulong ID = 0x102;
    public const ulong SENSITIVE = 0x103;
    public const ulong ENCRYPT = 0x104;
    public const ulong DECRYPT = 0x105;
    public const ulong WRAP = 0x106;
    public const ulong UNWRAP = 0x107;
    public const ulong SIGN = 0x108;
    public const ulong VERIFY = 0x10A;
    public const ulong MODULUS = 0x120;
    public const ulong MODULUS_BITS = 0x121;
    public const ulong PUBLIC_EXPONENT = 0x122;
    public const ulong EXTRACTABLE = 0x162;
    public const ulong EC_PARAMS = 0x180;
    public const ulong EC_POINT = 0x181;
}

internal static class CKO
{
    public const ulong PUBLIC_KEY = 2;
    public const ulong PRIVATE_KEY = 3;
}

internal static class CKK
{
    public const ulong RSA = 0;
    public const ulong EC = 3;
}

internal static class CKM
{
    public const ulong RSA_PKCS_KEY_PAIR_GEN = 0x0;
    public const ulong RSA_PKCS = 0x1;
    public const ulong RSA_PKCS_OAEP = 0x9;
    public const ulong SHA_1 = 0x220;
    public const ulong SHA256 = 0x250;
    public const ulong EC_KEY_PAIR_GEN = 0x1040;
    public const ulong ECDSA = 0x1041;
}

internal static class CKG
{
    public const ulong MGF1_SHA1 = 1;
    public const ulong MGF1_SHA256 = 2;
}
