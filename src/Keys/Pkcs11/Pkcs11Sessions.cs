using System.Security.Cryptography;
using MeshGrains.Keys.Files;

namespace MeshGrains.Keys.Pkcs11;

/// <summary>
/// A few sessions at one token: PKCS#11 allows one operation at a time in each. Opened and logged in when first needed, so that a token that
/// is away at start is only unavailable.
/// </summary>
internal sealed class Pkcs11Sessions(Pkcs11Location location, string modulePath) : IAsyncDisposable
{
    private const int MaxSessions = 4;
    private static readonly TimeSpan ClosingTime = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _free = new(MaxSessions, MaxSessions);
    private readonly Lock _gate = new();
    private readonly Stack<ulong> _idle = new();
    private Pkcs11Module? _module;
    private KeyManagerException? _badPin;
    private bool _disposed;

    /// <summary>Runs <paramref name="use"/> in a session, on a thread of the pool since modules block; once more in a new one when the session was lost.</summary>
    public async ValueTask<T> UseAsync<T>(string what, Func<Pkcs11Module, ulong, T> use, CancellationToken ct)
    {
        await _free.WaitAsync(ct).ConfigureAwait(false);
        var work = Task.Run(
            () =>
            {
                try
                {
                    return Use(what, use);
                }
                finally
                {
                    _free.Release();
                }
            },
            CancellationToken.None);

        // A module cannot be interrupted; the caller can. The session stays taken until the module returns.
        return await work.WaitAsync(ct).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _disposed = true;
        }

        // A module that hangs keeps its initialisation rather than the process.
        for (var i = 0; i < MaxSessions; i++)
        {
            if (!await _free.WaitAsync(ClosingTime).ConfigureAwait(false))
            {
                return;
            }
        }

        lock (_gate)
        {
            if (_module is not null)
            {
                CloseIdle(_module);
                _module.Release();
                _module = null;
            }
        }
    }

    private T Use<T>(string what, Func<Pkcs11Module, ulong, T> use)
    {
        for (var attempt = 0; ; attempt++)
        {
            var module = Module();
            var session = 0UL;
            var opened = false;
            try
            {
                session = Take(module);
                opened = true;
                var result = use(module, session);
                Return(module, session);
                return result;
            }
            catch (Pkcs11Exception e)
            {
                if (opened)
                {
                    module.CloseSession(session);
                }

                if (e.IsSessionLost && attempt == 0)
                {
                    lock (_gate)
                    {
                        CloseIdle(module);
                    }

                    continue;
                }

                throw e.ToKeyManagerException(what);
            }
            catch
            {
                if (opened)
                {
                    module.CloseSession(session);
                }

                throw;
            }
        }
    }

    private Pkcs11Module Module()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _module ??= Pkcs11Module.Acquire(modulePath);
        }
    }

    private ulong Take(Pkcs11Module module)
    {
        lock (_gate)
        {
            if (_idle.TryPop(out var idle))
            {
                return idle;
            }

            if (_badPin is not null)
            {
                throw _badPin;
            }

            var session = module.OpenSession(module.FindSlot(location.Token, location.Serial));
            try
            {
                Login(module, session);
                return session;
            }
            catch
            {
                module.CloseSession(session);
                throw;
            }
        }
    }

    private void Login(Pkcs11Module module, ulong session)
    {
        var content = PrivateFile.Read(location.PinFile);
        try
        {
            module.Login(session, content.AsSpan().TrimEnd("\r\n"u8));
        }
        catch (Pkcs11Exception e) when (e.Code is CKR.PIN_INCORRECT or CKR.PIN_INVALID or CKR.PIN_LEN_RANGE or CKR.PIN_LOCKED)
        {
            throw _badPin = e.ToKeyManagerException($"Logging in to the token '{location.Token}' with the PIN of {location.PinFile}");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    private void Return(Pkcs11Module module, ulong session)
    {
        lock (_gate)
        {
            if (!_disposed)
            {
                _idle.Push(session);
                return;
            }
        }

        module.CloseSession(session);
    }

    private void CloseIdle(Pkcs11Module module)
    {
        while (_idle.TryPop(out var session))
        {
            module.CloseSession(session);
        }
    }
}
