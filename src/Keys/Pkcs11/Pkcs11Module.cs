using System.Runtime.InteropServices;
using System.Text;

namespace MeshGrains.Keys.Pkcs11;

/// <summary>
/// The few functions of a PKCS#11 module that are needed, through its own function list (OASIS PKCS #11 2.40). CK_ULONG is 8 bytes here, so
/// 64-bit Linux only. One instance for each module of the process: initialisation and login belong to the process.
/// </summary>
internal sealed unsafe class Pkcs11Module
{
    private const ulong CKF_OS_LOCKING_OK = 2;
    private const ulong CKF_RW_SESSION = 2;
    private const ulong CKF_SERIAL_SESSION = 4;
    private const ulong CKU_USER = 1;
    private const int MaxSlots = 1024;
    private const int TokenInfoBytes = 256;

    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, Pkcs11Module> Loaded = new(StringComparer.Ordinal);

    private readonly string _path;
    private readonly nint* _functions;
    private int _users;
    private bool _ownsInitialization;

    private Pkcs11Module(string path)
    {
        _path = path;
        if (!OperatingSystem.IsLinux() || nint.Size != 8)
        {
            throw KeyRules.Invalid("pkcs11: keys need 64-bit Linux.");
        }

        if (!File.Exists(path))
        {
            throw new KeyManagerException(KeyManagerError.NotFound, $"There is no PKCS#11 module at {path}. Name it with ?module-path=.");
        }

        if (!NativeLibrary.TryLoad(path, out var library) || !NativeLibrary.TryGetExport(library, "C_GetFunctionList", out var export))
        {
            throw KeyRules.Invalid($"{path} is no PKCS#11 module that can be loaded.");
        }

        byte* list;
        Check("C_GetFunctionList", ((delegate* unmanaged[Cdecl]<byte**, ulong>)export)(&list));

        // CK_FUNCTION_LIST is a two-byte version, padding, and the functions in the specification's order.
        _functions = (nint*)(list + nint.Size);
    }

    /// <summary>Loads and initialises the module, or shares the one that is. Give it back with <see cref="Release"/>.</summary>
    public static Pkcs11Module Acquire(string path)
    {
        lock (Gate)
        {
            if (!Loaded.TryGetValue(path, out var module))
            {
                module = new Pkcs11Module(path);
                Loaded.Add(path, module);
            }

            if (module._users == 0)
            {
                module.Initialize();
            }

            module._users++;
            return module;
        }
    }

    public void Release()
    {
        lock (Gate)
        {
            if (--_users == 0 && _ownsInitialization)
            {
                _ = ((delegate* unmanaged[Cdecl]<void*, ulong>)_functions[1])(null);
                _ownsInitialization = false;
            }
        }
    }

    /// <summary>The slot whose token has this label and, when given, serial number.</summary>
    public ulong FindSlot(string tokenLabel, string? serial)
    {
        var slots = new ulong[MaxSlots];
        var count = (ulong)slots.Length;
        fixed (ulong* p = slots)
        {
            Check("C_GetSlotList", ((delegate* unmanaged[Cdecl]<byte, ulong*, ulong*, ulong>)_functions[4])(1, p, &count));
        }

        ulong? found = null;
        Span<byte> info = stackalloc byte[TokenInfoBytes];
        foreach (var slot in slots.AsSpan(0, (int)count))
        {
            info.Clear();
            fixed (byte* p = info)
            {
                if (((delegate* unmanaged[Cdecl]<ulong, void*, ulong>)_functions[6])(slot, p) != CKR.OK)
                {
                    continue;
                }
            }

            // CK_TOKEN_INFO: label[32], manufacturerID[32], model[16], serialNumber[16], each padded with blanks.
            if (Text(info[..32]) == tokenLabel && (serial is null || Text(info.Slice(80, 16)) == serial))
            {
                if (found is not null)
                {
                    throw KeyRules.Invalid($"Two tokens have the label '{tokenLabel}'. Add ;serial= to the pkcs11: URI.");
                }

                found = slot;
            }
        }

        return found ?? throw new KeyManagerException(
            KeyManagerError.Unavailable, $"The module {_path} shows no token with the label '{tokenLabel}'{(serial is null ? "" : " and that serial number")}.");
    }

    public ulong OpenSession(ulong slot)
    {
        ulong session;
        Check("C_OpenSession", ((delegate* unmanaged[Cdecl]<ulong, ulong, void*, void*, ulong*, ulong>)_functions[12])(
            slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, null, null, &session));
        return session;
    }

    public void CloseSession(ulong session) => _ = ((delegate* unmanaged[Cdecl]<ulong, ulong>)_functions[13])(session);

    /// <summary>Logs the process in; being logged in already is well.</summary>
    public void Login(ulong session, ReadOnlySpan<byte> pin)
    {
        fixed (byte* p = pin)
        {
            var code = ((delegate* unmanaged[Cdecl]<ulong, ulong, byte*, ulong, ulong>)_functions[18])(session, CKU_USER, p, (ulong)pin.Length);
            if (code != CKR.USER_ALREADY_LOGGED_IN)
            {
                Check("C_Login", code);
            }
        }
    }

    public List<ulong> FindObjects(ulong session, Pkcs11Template template, int most)
    {
        fixed (Pkcs11Template.Attribute* p = template.Pin())
        {
            Check("C_FindObjectsInit", ((delegate* unmanaged[Cdecl]<ulong, void*, ulong, ulong>)_functions[26])(session, p, (ulong)template.Count));
        }

        GC.KeepAlive(template);

        try
        {
            var found = new List<ulong>();
            Span<ulong> batch = stackalloc ulong[64];
            while (found.Count < most)
            {
                ulong count;
                fixed (ulong* p = batch)
                {
                    Check("C_FindObjects", ((delegate* unmanaged[Cdecl]<ulong, ulong*, ulong, ulong*, ulong>)_functions[27])(session, p, (ulong)batch.Length, &count));
                }

                if (count == 0)
                {
                    break;
                }

                found.AddRange(batch[..(int)count]);
            }

            return found;
        }
        finally
        {
            _ = ((delegate* unmanaged[Cdecl]<ulong, ulong>)_functions[28])(session);
        }
    }

    /// <summary>The attribute's bytes; null when the object has none or does not show it.</summary>
    public byte[]? GetAttribute(ulong session, ulong handle, ulong type)
    {
        var buffer = new byte[1024];
        fixed (byte* p = buffer)
        {
            var attribute = new Pkcs11Template.Attribute { Type = type, Value = p, Length = (ulong)buffer.Length };
            var code = ((delegate* unmanaged[Cdecl]<ulong, ulong, void*, ulong, ulong>)_functions[24])(session, handle, &attribute, 1);
            if (code != CKR.OK)
            {
                if (new Pkcs11Exception("C_GetAttributeValue", code) is { IsSessionLost: true } lost)
                {
                    throw lost;
                }

                return null;
            }

            return attribute.Length <= (ulong)buffer.Length ? buffer.AsSpan(0, (int)attribute.Length).ToArray() : null;
        }
    }

    public void GenerateKeyPair(ulong session, ulong mechanism, Pkcs11Template publicKey, Pkcs11Template privateKey)
    {
        ulong publicHandle, privateHandle;
        var m = new Mechanism { Type = mechanism };
        fixed (Pkcs11Template.Attribute* pub = publicKey.Pin(), priv = privateKey.Pin())
        {
            Check("C_GenerateKeyPair", ((delegate* unmanaged[Cdecl]<ulong, Mechanism*, void*, ulong, void*, ulong, ulong*, ulong*, ulong>)_functions[59])(
                session, &m, pub, (ulong)publicKey.Count, priv, (ulong)privateKey.Count, &publicHandle, &privateHandle));
        }

        GC.KeepAlive(publicKey);
        GC.KeepAlive(privateKey);
    }

    public byte[] Sign(ulong session, ulong key, ulong mechanism, ReadOnlySpan<byte> data)
    {
        var m = new Mechanism { Type = mechanism };
        Check("C_SignInit", ((delegate* unmanaged[Cdecl]<ulong, Mechanism*, ulong, ulong>)_functions[42])(session, &m, key));
        return Run("C_Sign", 43, session, data);
    }

    public byte[] DecryptOaep(ulong session, ulong key, bool sha256, ReadOnlySpan<byte> data)
    {
        var parameters = new OaepParameters
        {
            Hash = sha256 ? CKM.SHA256 : CKM.SHA_1,
            Mgf = sha256 ? CKG.MGF1_SHA256 : CKG.MGF1_SHA1,
            Source = 1,
        };
        var m = new Mechanism { Type = CKM.RSA_PKCS_OAEP, Parameter = &parameters, ParameterLength = (ulong)sizeof(OaepParameters) };
        Check("C_DecryptInit", ((delegate* unmanaged[Cdecl]<ulong, Mechanism*, ulong, ulong>)_functions[33])(session, &m, key));
        return Run("C_Decrypt", 34, session, data);
    }

    private byte[] Run(string function, int index, ulong session, ReadOnlySpan<byte> data)
    {
        Span<byte> result = stackalloc byte[1024];
        var length = (ulong)result.Length;
        fixed (byte* input = data, output = result)
        {
            Check(function, ((delegate* unmanaged[Cdecl]<ulong, byte*, ulong, byte*, ulong*, ulong>)_functions[index])(
                session, input, (ulong)data.Length, output, &length));
        }

        var bytes = result[..(int)length].ToArray();
        result.Clear();
        return bytes;
    }

    private void Initialize()
    {
        var arguments = new InitializeArguments { Flags = CKF_OS_LOCKING_OK };
        var code = ((delegate* unmanaged[Cdecl]<void*, ulong>)_functions[0])(&arguments);
        _ownsInitialization = code == CKR.OK;
        if (code != CKR.CRYPTOKI_ALREADY_INITIALIZED && code != CKR.OK)
        {
            throw new Pkcs11Exception("C_Initialize", code).ToKeyManagerException($"Starting the PKCS#11 module {_path}");
        }
    }

    private static string Text(ReadOnlySpan<byte> padded) => Encoding.UTF8.GetString(padded.TrimEnd((byte)' ').TrimEnd((byte)0));

    private static void Check(string function, ulong code)
    {
        if (code != CKR.OK)
        {
            throw new Pkcs11Exception(function, code);
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct InitializeArguments
    {
        public nint CreateMutex;
        public nint DestroyMutex;
        public nint LockMutex;
        public nint UnlockMutex;
        public ulong Flags;
        public nint Reserved;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Mechanism
    {
        public ulong Type;
        public void* Parameter;
        public ulong ParameterLength;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct OaepParameters
    {
        public ulong Hash;
        public ulong Mgf;
        public ulong Source;
        public void* SourceData;
        public ulong SourceDataLength;
    }
}
